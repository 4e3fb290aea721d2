using ClusterSession.Failover.Raft;

namespace ClusterSession.Failover.Peers;

/// <summary>Makes the client by which an agent asks the others.</summary>
internal static class PeerClients
{
    /// <summary>
    /// Twice the deadline: the caller waits no longer than one, and an answer that comes late still
    /// shows that the other one is responding.
    /// </summary>
    private const int Deadlines = 2;

    public static HttpClient Create(FailoverOptions options)
    {
        var sockets = options.CreateHandler?.Invoke() ?? new SocketsHttpHandler();
        sockets.ConnectTimeout = options.Deadline;
        sockets.UseProxy = false;
        sockets.UseCookies = false;
        sockets.AllowAutoRedirect = false;
        var client = new HttpClient(sockets) { Timeout = Deadlines * options.Deadline };
        client.DefaultRequestHeaders.TryAddWithoutValidation(RaftHandler.SecretHeader, options.Secret);
        return client;
    }
}
