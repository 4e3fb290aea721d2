using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Watching;

/// <summary>What follows from a sight of a Sentinel site. Pure.</summary>
/// <remarks>
/// A majority is more than half of all Sentinels that exist, as for a failover. It names one master
/// under one configuration. Sentinels that the connection string leaves out count as silent, and
/// one that is named twice counts once. Two majorities have a Sentinel in common, which never
/// returns to an older configuration. Sentinels with two configurations are no majority, even where
/// both configurations name one master: a configuration between the two may have deposed it, and
/// another majority may still name the master of that one.
/// </remarks>
internal sealed class SiteFacts
{
    public SiteFacts(SiteSight sight)
    {
        Sight = sight;
        Responding = [.. sight.Sentinels.Where(sentinel => sentinel.Problem is null).DistinctBy(Identity)];
        AllSentinels = Math.Max(
            sight.Sentinels.DistinctBy(Identity).Count(),
            Responding.Select(sentinel => sentinel.AllSentinels).DefaultIfEmpty().Max()
        );
        Agreeing =
        [
            .. Responding
                .Where(sentinel => sentinel.Master is not null)
                .GroupBy(sentinel => (sentinel.Master, sentinel.Epoch))
                .Where(group => group.Count() >= Majority)
                .SelectMany(group => group),
        ];
        (Master, Epoch) = Agreeing.Count > 0 ? (Agreeing[0].Master, Agreeing[0].Epoch) : (null, 0);
        MasterServer = sight.Redis.FirstOrDefault(server => server.Address == Master);
        OtherMasters = [.. sight.Redis.Where(server => server.Role == MemberRole.Master && !IsMaster(server))];
        Replicas = [.. sight.Redis.Where(server => server.Address != Master && server.Role != MemberRole.Master)];
    }

    public SiteSight Sight { get; }

    /// <summary>Sentinels that have answered.</summary>
    public IReadOnlyList<SentinelState> Responding { get; }

    /// <summary>Those that have answered by another name too.</summary>
    public IEnumerable<SentinelState> NamedTwice =>
        Sight.Sentinels.Where(sentinel => sentinel.Problem is null).Except(Responding);

    /// <summary>How many exist, as far as it is known.</summary>
    public int AllSentinels { get; }

    /// <summary>So many are more than half.</summary>
    public int Majority => (AllSentinels / 2) + 1;

    /// <summary>
    /// The majority that names one master under one configuration; empty: there is none.
    /// </summary>
    public IReadOnlyList<SentinelState> Agreeing { get; }

    /// <summary>
    /// Those that name another master, another configuration, or none, while a majority agrees.
    /// </summary>
    public IEnumerable<SentinelState> Dissenting => Agreeing.Count == 0 ? [] : Responding.Except(Agreeing);

    /// <summary>The master that a majority names; null: none does.</summary>
    public string? Master { get; }

    /// <summary>Number of the configuration that names it; 0: none, or the first one.</summary>
    public long Epoch { get; }

    /// <summary>
    /// The Sentinel that names another master in a newer configuration than the majority does: that
    /// of the majority is deposed, and they have not heard of it yet. Null: none does.
    /// </summary>
    public SentinelState? DeposedBy => Master is { } master ? Newer(master, Epoch) : null;

    /// <summary>
    /// Whether one of that majority holds the master for down by agreement, or is replacing it.
    /// </summary>
    public bool IsFailingOver => Agreeing.Any(sentinel => sentinel.IsFailingOver);

    /// <summary>
    /// Whether one of that majority has promoted it, and still leads replicas over to it.
    /// </summary>
    public bool IsFinishing => Agreeing.Any(sentinel => sentinel.IsFinishing);

    /// <summary>The Redis that the majority names; null: none, or it was not looked at.</summary>
    public ServerState? MasterServer { get; }

    /// <summary>
    /// Whether the Redis that the majority names answers, and says that it is a master.
    /// </summary>
    public bool IsMastered => MasterServer is { Role: MemberRole.Master };

    /// <summary>
    /// Whether that Redis is a master, no failover is under way and no newer configuration names
    /// another one.
    /// </summary>
    public bool IsRuled => IsMastered && !IsFailingOver && DeposedBy is null;

    /// <summary>Every other Redis that says that it is a master.</summary>
    public IReadOnlyList<ServerState> OtherMasters { get; }

    /// <summary>
    /// Every Redis in sight that is not the one that the majority names and does not say that it is
    /// a master. Those that do not answer are among them.
    /// </summary>
    public IReadOnlyList<ServerState> Replicas { get; }

    /// <summary>Replicas that are connected to the master.</summary>
    public IEnumerable<ServerState> Following => Replicas.Where(IsFollowing);

    /// <summary>
    /// Name of the history of the master and of the replicas that follow it. Where the master does
    /// not answer, it is the history of a replica that follows the address that the Sentinels name.
    /// </summary>
    private string? History =>
        IsMastered
            ? MasterServer!.History
            : Replicas.FirstOrDefault(replica => replica.Follows == Master && replica.History.Length > 0)?.History;

    /// <summary>
    /// The first Sentinel that names another master than this one, in a newer configuration.
    /// </summary>
    public SentinelState? Newer(string master, long epoch) =>
        Responding.FirstOrDefault(one => one.Epoch > epoch && one.Master is { } other && other != master);

    public bool IsFollowing(ServerState server) =>
        server is { Role: MemberRole.Replica, IsLinkUp: true } && !FollowsAnother(server);

    /// <summary>
    /// Whether a replica follows another Redis than the master. It does where it follows the
    /// address of another Redis in sight. Any other address may be another name of the master: then
    /// the histories decide, as far as they are known.
    /// </summary>
    public bool FollowsAnother(ServerState server) =>
        server.Role == MemberRole.Replica
        && Master is not null
        && server.Follows != Master
        && (
            Sight.Redis.Any(other => other.Address == server.Follows)
            || (History is { } history && server.History != history)
        );

    /// <summary>How many bytes a replica is behind the master; null: unknown.</summary>
    public long? LagBytes(ServerState server) =>
        server is { Role: MemberRole.Replica, Offset: { } offset }
        && MasterServer is { Role: MemberRole.Master, Offset: { } end } master
        && server.History == master.History
            ? Math.Max(0, end - offset) // They were not asked at one moment.
            : null;

    private static string Identity(SentinelState sentinel) =>
        sentinel.RunId.Length > 0 ? sentinel.RunId : sentinel.Address;

    /// <summary>By its address, or by its process where it has another address too.</summary>
    private bool IsMaster(ServerState server) =>
        server == MasterServer || (server.RunId.Length > 0 && server.RunId == MasterServer?.RunId);
}
