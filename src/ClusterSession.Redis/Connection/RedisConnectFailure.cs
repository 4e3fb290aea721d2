namespace ClusterSession.Redis.Connection;

/// <summary>Why a connection could not be made.</summary>
internal enum RedisConnectFailure
{
    /// <summary>
    /// Refused, no route, name not found, or closed during the handshake. May pass.
    /// </summary>
    Unreachable,

    /// <summary>Not ready within the connect timeout. May pass.</summary>
    TimedOut,

    /// <summary>
    /// The server is reading its data from disk, or is a replica without its master. Will pass.
    /// </summary>
    NotReady,

    /// <summary>The server is a replica where a master is wanted. May pass.</summary>
    WrongRole,

    /// <summary>
    /// The server holds a history of writes that another one has taken over from: it was the master
    /// once. May pass, see FenceTimeout.
    /// </summary>
    Deposed,

    /// <summary>
    /// No agent holds the lease of the server, and fence=lease is set: it takes no writes. Will
    /// pass.
    /// </summary>
    Closed,

    /// <summary>
    /// The server is a node of a cluster where a single server is wanted. The topology sees to it.
    /// </summary>
    Cluster,

    /// <summary>
    /// The sentinels answer, but know no master of that name. A matter for the operator.
    /// </summary>
    UnknownService,

    /// <summary>
    /// The certificate is not trusted or bears another name, or the server speaks no TLS. A matter
    /// for the operator.
    /// </summary>
    TlsRefused,

    /// <summary>
    /// User or password is wrong or missing, or the user lacks a permission. A matter for the
    /// operator.
    /// </summary>
    AccessDenied,

    /// <summary>
    /// The server does not do what a setting asks for: tracking, or WAIT. A matter for the
    /// operator; the start fails.
    /// </summary>
    LacksWhatIsSet,

    /// <summary>
    /// The peer does not speak RESP3 (Redis before 6.0, or no Redis at all), or has no such
    /// database. A matter for the operator.
    /// </summary>
    Unsupported,
}
