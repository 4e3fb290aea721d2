namespace ClusterSession.ZooKeeper;

/// <summary>How a request ended. Negative: the server's own answer.</summary>
public enum ZooKeeperCode
{
    /// <summary>It is done.</summary>
    Ok = 0,

    /// <summary>
    /// The connection was lost, or no reply came in time, after it was sent: it was done or it was
    /// not. A caller that must know reads.
    /// </summary>
    Unknown = 1,

    /// <summary>No server could be reached in time: it was not done.</summary>
    NotSent = 2,

    /// <summary>The client was closed: it was not done.</summary>
    Closed = 3,

    /// <summary>The server failed.</summary>
    SystemError = -1,

    /// <summary>
    /// In a transaction: it was not looked at, since another change was refused.
    /// </summary>
    RuntimeInconsistency = -2,

    /// <summary>The server's data is inconsistent.</summary>
    DataInconsistency = -3,

    /// <summary>The server lost its connection.</summary>
    ConnectionLoss = -4,

    /// <summary>The server could not read the request.</summary>
    MarshallingError = -5,

    /// <summary>The server does not know this kind of request.</summary>
    Unimplemented = -6,

    /// <summary>The server took too long.</summary>
    OperationTimeout = -7,

    /// <summary>An argument is invalid, such as a path.</summary>
    BadArguments = -8,

    /// <summary>The server does not know the session.</summary>
    UnknownSession = -12,

    /// <summary>The server refuses, because it is overloaded.</summary>
    ThrottledOperation = -127,

    /// <summary>The API was used wrongly.</summary>
    ApiError = -100,

    /// <summary>There is no such node.</summary>
    NoNode = -101,

    /// <summary>The credentials do not allow it.</summary>
    NoAuth = -102,

    /// <summary>The node has another version.</summary>
    BadVersion = -103,

    /// <summary>An ephemeral node has no children.</summary>
    NoChildrenForEphemerals = -108,

    /// <summary>The node is there already.</summary>
    NodeExists = -110,

    /// <summary>The node has children.</summary>
    NotEmpty = -111,

    /// <summary>The session has expired: its ephemeral nodes are gone.</summary>
    SessionExpired = -112,

    /// <summary>The access list is invalid, or nobody is logged in.</summary>
    InvalidAcl = -114,

    /// <summary>The credentials were refused.</summary>
    AuthFailed = -115,

    /// <summary>The session goes on at another server.</summary>
    SessionMoved = -118,

    /// <summary>The server has no majority and only reads.</summary>
    NotReadOnly = -119,

    /// <summary>A quota of the server is reached.</summary>
    QuotaExceeded = -125,
}
