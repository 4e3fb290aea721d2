namespace ClusterSession.ZooKeeper;

/// <summary>How a client stands to its session.</summary>
public enum ZooKeeperState
{
    /// <summary>No server has begun the session yet.</summary>
    Connecting,

    /// <summary>Connected to a server.</summary>
    Connected,

    /// <summary>
    /// No connection. The session and its ephemeral nodes live until its timeout is over at the
    /// server, and go on when it is reached before.
    /// </summary>
    Disconnected,

    /// <summary>
    /// A server has said that the session is over: ephemeral nodes are gone, watches are done. This
    /// client never leaves this state.
    /// </summary>
    Expired,

    /// <summary>The client was disposed.</summary>
    Closed,
}
