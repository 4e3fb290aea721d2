using ClusterSession.Principals;
using ClusterSession.Records;

namespace ClusterSession.Http;

/// <summary>Whose session it is: the request's principal is recorded where the session does not have it yet.</summary>
internal sealed partial class RequestSession
{
    /// <summary>
    /// How many revocations this node had heard of when the request began: what its login records.
    /// </summary>
    public long Heard { get; }

    /// <summary>
    /// All sessions of somebody are about to be ended by this request, but this one: it is recorded
    /// anew, at once, as knowing that.
    /// A session that is not stored yet is recorded so when it is.
    /// </summary>
    public ValueTask KeepAsync(PrincipalKey principal, long number)
    {
        if (!IsAvailable)
        {
            return default;
        }

        var isDrawn = false;
        foreach (var drawn in (string[])[SessionPrincipal.Name, SessionPrincipal.NameOfFurther(principal)])
        {
            if (_delta?.TryGet(drawn, out var recorded) == true && SessionPrincipal.Is(recorded, principal))
            {
                Delta.Set(drawn, _services.Revocations.Extend(recorded, number));
                isDrawn = true;
            }
        }

        if (
            !isDrawn
            && _record is not null
            && SessionPrincipal.TryFind(_record, principal, out var name, out var payload)
        )
        {
            Delta.Set(name, _services.Revocations.Extend(payload, number));
            isDrawn = true;
        }

        return isDrawn && !IsNew ? new ValueTask(CommitAsync()) : default;
    }

    /// <summary>
    /// A login must be recorded even if its request changes nothing else, or is not to change the
    /// session: else nobody could
    /// end that session. A request of nobody costs a look and leaves what was recorded: it may be one that does not
    /// authenticate, and what a session was used for while somebody was logged in stays theirs.
    /// </summary>
    /// <returns>Who is logged in, or null.</returns>
    private PrincipalKey? RecordPrincipal()
    {
        if (!IsAvailable || (_change?.Principal ?? PrincipalOfRequest()) is not { } principal)
        {
            return null;
        }

        if (_record is not null && SessionPrincipal.IsIn(_record, principal))
        {
            if (_change is { IsSignIn: true, IsDone: false })
            {
                RecordAnew(_record, principal);
            }

            return principal;
        }

        var attribute =
            _record is not null && SessionPrincipal.IsIn(_record)
                ? SessionPrincipal.NameOfFurther(principal)
                : SessionPrincipal.Name;
        if (_delta?.TryGet(attribute, out var recorded) == true && SessionPrincipal.Is(recorded, principal))
        {
            return principal;
        }

        var isNewLogin = _change is { IsSignIn: true };
        Delta.Set(attribute, RequestEnds.Describe(_context, _services.Revocations, principal, Heard, isNewLogin));
        return principal;
    }

    /// <summary>Who signs in again has a new login, which knows the ends of the former ones.</summary>
    private void RecordAnew(SessionRecord record, PrincipalKey principal)
    {
        var described = RequestEnds.Describe(_context, _services.Revocations, principal, Heard);
        if (SessionPrincipal.TryFind(record, principal, out var name, out var known) && !known.SequenceEqual(described))
        {
            Delta.Set(name, described);
        }
    }

    private PrincipalKey? PrincipalOfRequest() =>
        _services.Options.Principal(_context) is { Length: > 0 } name ? _services.Principals.KeyOf(name) : null;
}
