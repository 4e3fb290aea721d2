namespace ClusterSession.Failover.Raft;

/// <summary>Makes the handlers of the servers' connections.</summary>
internal sealed class RaftHandlers(RaftCoordinatorOptions options, VoteGate gate) : IHttpMessageHandlerFactory
{
    public HttpMessageHandler CreateHandler(string name)
    {
        var sockets = options.CreateHandler?.Invoke() ?? new SocketsHttpHandler();
        sockets.ConnectTimeout = options.LowerElectionTimeout;
        sockets.UseProxy = false;
        sockets.UseCookies = false;
        sockets.AllowAutoRedirect = false;
        return new RaftHandler(options.Secret!, gate, sockets);
    }
}
