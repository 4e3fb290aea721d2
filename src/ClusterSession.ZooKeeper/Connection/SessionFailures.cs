using ClusterSession.Transport.Sockets;

namespace ClusterSession.ZooKeeper.Connection;

/// <summary>Why a session cannot be continued.</summary>
internal static class SessionFailures
{
    /// <summary>
    /// The server has ended it. Another one is for the application to begin, which knows what went
    /// with this one.
    /// </summary>
    public static ConnectFailure Expired { get; } = new("SessionExpired", NeedsOperator: true);
}
