using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Watching;

/// <summary>What follows from a sight of a Sentinel site. Pure.</summary>
/// <remarks>
/// A majority is one of all Sentinels that exist, as a failover takes it: those that the connection
/// string leaves out count as silent. Two majorities have a Sentinel in common, which never returns
/// to an older configuration.
/// </remarks>
internal sealed class SiteFacts
{
    public SiteFacts(SiteSight sight)
    {
        Sight = sight;
        Responding = [.. sight.Sentinels.Where(sentinel => sentinel.Problem is null)];
        AllSentinels = Math.Max(
            sight.Sentinels.Count,
            Responding.Select(sentinel => sentinel.AllSentinels).DefaultIfEmpty().Max()
        );
        Agreeing =
        [
            .. Responding
                .Where(sentinel => sentinel.Master is not null)
                .GroupBy(sentinel => sentinel.Master)
                .Where(group => group.Count() >= Majority)
                .SelectMany(group => group),
        ];
        Master = Agreeing.Count > 0 ? Agreeing[0].Master : null;
        Epoch = Agreeing.Select(sentinel => sentinel.Epoch).DefaultIfEmpty().Max();
        MasterServer = sight.Redis.FirstOrDefault(server => server.Address == Master);
        OtherMasters = [.. sight.Redis.Where(server => server.Role == MemberRole.Master && server != MasterServer)];
        Replicas = [.. sight.Redis.Where(server => server.Address != Master && server.Role != MemberRole.Master)];
    }

    public SiteSight Sight { get; }

    /// <summary>Sentinels that have answered.</summary>
    public IReadOnlyList<SentinelState> Responding { get; }

    /// <summary>How many exist, as far as it is known.</summary>
    public int AllSentinels { get; }

    /// <summary>So many are more than half.</summary>
    public int Majority => (AllSentinels / 2) + 1;

    /// <summary>The majority that names one master; empty: there is none.</summary>
    public IReadOnlyList<SentinelState> Agreeing { get; }

    /// <summary>Those that name another master, or none, while a majority agrees.</summary>
    public IEnumerable<SentinelState> Alone => Agreeing.Count == 0 ? [] : Responding.Except(Agreeing);

    /// <summary>The master that a majority names; null: none does.</summary>
    public string? Master { get; }

    /// <summary>Number of the configuration that names it; 0: none, or the first one.</summary>
    public long Epoch { get; }

    /// <summary>
    /// Whether one of that majority holds the master for down by agreement, or is replacing it.
    /// </summary>
    public bool IsFailingOver => Agreeing.Any(sentinel => sentinel.IsFailingOver);

    /// <summary>The Redis that the majority names; null: none, or it was not looked at.</summary>
    public ServerState? MasterServer { get; }

    /// <summary>Whether that answers, and says that it is a master.</summary>
    public bool IsMastered => MasterServer is { Role: MemberRole.Master };

    /// <summary>Every other Redis that says that it is a master.</summary>
    public IReadOnlyList<ServerState> OtherMasters { get; }

    /// <summary>All others, those that do not answer included.</summary>
    public IReadOnlyList<ServerState> Replicas { get; }

    /// <summary>Replicas that are connected to the master.</summary>
    public IEnumerable<ServerState> Following => Replicas.Where(IsFollowing);

    public bool IsFollowing(ServerState server) =>
        server is { Role: MemberRole.Replica, IsLinkUp: true } && !FollowsAnother(server);

    /// <summary>
    /// By its address, unless that is another name of the master: then it has the master's history.
    /// </summary>
    public bool FollowsAnother(ServerState server) =>
        server.Role == MemberRole.Replica
        && Master is not null
        && server.Follows != Master
        && (
            Sight.Redis.Any(other => other.Address == server.Follows)
            || MasterServer is not { Role: MemberRole.Master } master
            || server.History != master.History
        );

    /// <summary>How many bytes a replica is behind the master; null: unknown.</summary>
    public long? LagBytes(ServerState server) =>
        server is { Role: MemberRole.Replica, Offset: { } offset }
        && MasterServer is { Role: MemberRole.Master, Offset: { } end } master
        && server.History == master.History
            ? Math.Max(0, end - offset) // They were not asked at one moment.
            : null;
}
