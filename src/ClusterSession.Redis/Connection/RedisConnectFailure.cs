using ClusterSession.Transport.Sockets;

namespace ClusterSession.Redis.Connection;

/// <summary>Why a Redis cannot be used, beyond what every protocol knows.</summary>
internal static class RedisConnectFailure
{
    /// <summary>The server is a replica where a master is wanted. May pass.</summary>
    public static ConnectFailure WrongRole { get; } = new(nameof(WrongRole));

    /// <summary>
    /// The server holds a history of writes that another one has taken over from: it was the master
    /// once. May pass, see FenceTimeout.
    /// </summary>
    public static ConnectFailure Deposed { get; } = new(nameof(Deposed));

    /// <summary>
    /// No agent holds the lease of the server, and fence=lease is set: it takes no writes. Will
    /// pass.
    /// </summary>
    public static ConnectFailure Closed { get; } = new(nameof(Closed));

    /// <summary>
    /// The server is a node of a cluster where a single server is wanted. The topology sees to it.
    /// </summary>
    public static ConnectFailure Cluster { get; } = new(nameof(Cluster));

    /// <summary>
    /// The sentinels answer, but know no master of that name. A matter for the operator.
    /// </summary>
    public static ConnectFailure UnknownService { get; } = new(nameof(UnknownService), NeedsOperator: true);

    /// <summary>
    /// The directory answers, and no agent has published a master where it is looked for. A matter
    /// for the operator.
    /// </summary>
    public static ConnectFailure NotPublished { get; } = new(nameof(NotPublished), NeedsOperator: true);

    /// <summary>
    /// The server does not do what a setting asks for: tracking, or WAIT. A matter for the
    /// operator; the start fails.
    /// </summary>
    public static ConnectFailure LacksWhatIsSet { get; } = new(nameof(LacksWhatIsSet), NeedsOperator: true);
}
