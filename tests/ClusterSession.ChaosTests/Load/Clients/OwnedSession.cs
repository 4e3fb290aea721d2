using ClusterSession.Histories;

namespace ClusterSession.ChaosTests.Load.Clients;

/// <summary>
/// A session as its owner knows it, and when he has to leave it: a client that goes on with a
/// doubtful cookie would record nonsense.
/// </summary>
internal sealed class OwnedSession(CookieJar jar, int entryLimit)
{
    private int _entries;

    public CookieJar Jar => jar;

    public List<string> Removable { get; } = [];

    /// <summary>The owner should begin another session.</summary>
    public bool IsOver { get; private set; }

    public bool HasCookie => jar.State.Cookie is not null;

    public void Add(JarState sent, HistoryEvent request)
    {
        foreach (var op in request.Ops)
        {
            if (op.Kind == OpKind.Append && request.Result != RequestResult.Fail)
            {
                _entries++;
                if (request.Result == RequestResult.Ok)
                {
                    Removable.Add(op.Value!);
                }
            }
            else if (op.Kind == OpKind.Remove && request.Result != RequestResult.Fail)
            {
                Removable.Remove(op.Key![2..]);
            }
        }
        IsOver |=
            _entries >= entryLimit
            // Ended, or perhaps ended.
            || (request.Result != RequestResult.Fail && request.Ops.Any(o => o.Kind == OpKind.Destroy))
            // The id may have changed without our hearing of the new one.
            || (request.Result == RequestResult.Info && request.Ops.Any(o => o.Kind == OpKind.Renew))
            // Begun, perhaps, by a request whose cookie never came.
            || (request.Result == RequestResult.Info && !HasCookie)
            // The cookie named a session, and the server knew none: the next cookie is another
            // session's.
            || (sent.Cookie is not null && request.Has(EventFlags.NewSession));
    }
}
