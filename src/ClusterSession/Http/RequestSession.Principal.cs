using ClusterSession.Sessions.Principals;

namespace ClusterSession.Http;

/// <summary>Whose session it is: recorded where the request's principal is another than the recorded one.</summary>
internal sealed partial class RequestSession
{
    /// <summary>
    /// A login must be recorded even if its request changes nothing else, or is not to change the session: else nobody could end that session. A request of nobody
    /// costs a look and leaves what was recorded: it may be one that does not authenticate, and what a session was used for while somebody was logged in stays theirs.
    /// </summary>
    private void RecordPrincipal()
    {
        if (!IsAvailable || _services.Options.Principal(_context) is not { Length: > 0 } name)
        {
            return;
        }

        var principal = _services.Principals.KeyOf(name);
        if (_record is not null
            && SessionPrincipal.TryFind(_record, out var recorded, out _)
            && recorded == principal
            && _delta?.TryGet(SessionPrincipal.Name, out _) != true)
        {
            return;
        }

        Delta.Set(SessionPrincipal.Name, principal.ToBytes());
        Response.Arm(_bodyAtRun);
    }
}
