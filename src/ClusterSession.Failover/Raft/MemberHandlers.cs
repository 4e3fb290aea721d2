namespace ClusterSession.Failover.Raft;

/// <summary>Makes the handlers of the members' connections.</summary>
internal sealed class MemberHandlers(RaftCoordinatorOptions options, VoteGate gate) : IHttpMessageHandlerFactory
{
    public HttpMessageHandler CreateHandler(string name)
    {
        var sockets = options.CreateHandler?.Invoke() ?? new SocketsHttpHandler();
        sockets.ConnectTimeout = options.LowerElectionTimeout;
        sockets.UseProxy = false;
        sockets.UseCookies = false;
        sockets.AllowAutoRedirect = false;
        return new MemberHandler(options.Secret!, gate, sockets);
    }
}
