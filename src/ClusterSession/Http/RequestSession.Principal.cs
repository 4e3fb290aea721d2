using ClusterSession.Sessions.Principals;

namespace ClusterSession.Http;

/// <summary>Whose session it is: the request's principal is recorded where the session does not have it yet.</summary>
internal sealed partial class RequestSession
{
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
            return principal;
        }

        var attribute = _record is not null && SessionPrincipal.IsIn(_record)
            ? SessionPrincipal.NameOfFurther(principal)
            : SessionPrincipal.Name;
        if (_delta?.TryGet(attribute, out var recorded) == true && principal == PrincipalKey.Read(recorded))
        {
            return principal;
        }

        Delta.Set(attribute, principal.ToBytes());
        Response.Arm(_bodyAtRun);
        return principal;
    }

    private PrincipalKey? PrincipalOfRequest() =>
        _services.Options.Principal(_context) is { Length: > 0 } name ? _services.Principals.KeyOf(name) : null;
}
