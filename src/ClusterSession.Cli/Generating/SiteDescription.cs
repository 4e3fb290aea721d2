namespace ClusterSession.Cli.Generating;

/// <summary>A site in one description: who runs where, and how they reach each other.</summary>
internal sealed record SiteDescription
{
    public required string Cluster { get; init; }

    public required string KeyPrefix { get; init; }

    public required TrafficSwitch Traffic { get; init; }

    public required IReadOnlyList<SiteProcess> Nodes { get; init; }

    /// <summary>Redis servers that may become master, the preferred one first.</summary>
    public required IReadOnlyList<SiteRedis> Candidates { get; init; }

    /// <summary>Redis servers that follow the master and never become one.</summary>
    public required IReadOnlyList<SiteRedis> Replicas { get; init; }

    /// <summary>
    /// The third vote where there are two agents; null: three agents vote, or the site does not
    /// need a voter (another coordination store, Sentinel, or keepalived alone).
    /// </summary>
    public SiteProcess? Voter { get; init; }

    /// <summary>ZooKeeper servers of this site, in which the agents agree; null: none.</summary>
    public SiteEnsemble? Ensemble { get; init; }

    /// <summary>
    /// How agents connect to the store in which they agree, without its password; null: they are
    /// the store themselves.
    /// </summary>
    public string? Coordinator
    {
        get => Ensemble?.Coordinator ?? field;
        init;
    }

    /// <summary>Sentinels; none where agents switch.</summary>
    public required IReadOnlyList<SiteProcess> Sentinels { get; init; }

    /// <summary>The virtual address of the master; null: keepalived moves none.</summary>
    public SiteAddress? Virtual { get; init; }

    /// <summary>Where each application host reaches the master, through its own HAProxy.</summary>
    public required int MasterPort { get; init; }

    /// <summary>
    /// Where a replica without agent reaches the master, through the HAProxy of its host.
    /// </summary>
    public required int ReplicationPort { get; init; }

    /// <summary>Where browsers reach the balancer.</summary>
    public required int HttpPort { get; init; }

    public required string CookieName { get; init; }

    /// <summary>
    /// How long a session lives after its last use, as the application has it: agents merge nothing
    /// that is older.
    /// </summary>
    public required string IdleTimeout { get; init; }

    /// <summary>
    /// How long a login lives at most without being renewed, where the store keeps logins.
    /// </summary>
    public required string TicketLife { get; init; }

    /// <summary>Limit of each Redis, as Redis writes it.</summary>
    public required string MaxMemory { get; init; }

    /// <summary>
    /// Sessions that are in use at once, for the table by which Redis notifies nodes.
    /// </summary>
    public required int SessionCount { get; init; }

    /// <summary>TLS between the processes; null: none.</summary>
    public SiteTls? Tls { get; init; }

    /// <summary>File of the secrets, relative to the description; null: in its folder.</summary>
    public string? SecretFile { get; init; }

    /// <summary>Where configurations are installed on the hosts.</summary>
    public required string ConfigDirectory { get; init; }

    /// <summary>Below it each process has a directory of its own for what it keeps.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>In memory: what the agents say to keepalived is void after a restart.</summary>
    public required string RunDirectory { get; init; }

    /// <summary>Whether all runs on one machine, for a trial.</summary>
    public bool IsLoopback { get; init; }

    /// <summary>Whether each Redis and its agent are containers of one pod.</summary>
    public bool IsInPods { get; init; }

    /// <summary>
    /// Whether agents log in to the store of <see cref="Coordinator"/>. To ZooKeeper they always
    /// do: otherwise anybody could take the lease.
    /// </summary>
    public bool HasCoordinatorPassword =>
        Coordinator is { } coordinator
        && (CoordinatorRules.IsZooKeeper(coordinator) || CoordinatorRules.HasUser(coordinator));

    /// <summary>
    /// The ZooKeeper servers of this site; none where it describes none of its own.
    /// </summary>
    public IReadOnlyList<SiteZooKeeper> ZooKeepers => Ensemble?.Servers ?? [];

    public IEnumerable<SiteRedis> Redis => Candidates.Concat(Replicas);

    /// <summary>Whether agents decide who is master.</summary>
    public bool HasAgents => Traffic is TrafficSwitch.Haproxy or TrafficSwitch.Keepalived;

    /// <summary>Whether nobody but keepalived decides.</summary>
    public bool IsAlone => Traffic == TrafficSwitch.KeepalivedAlone;

    /// <summary>Redis servers whose hosts may have the virtual address.</summary>
    public IEnumerable<SiteRedis> Addressed =>
        Traffic is TrafficSwitch.Keepalived or TrafficSwitch.KeepalivedAlone ? Candidates : [];

    /// <summary>
    /// Redis servers beside which an agent runs, in the order of their preference.
    /// </summary>
    public IEnumerable<SiteRedis> Members => HasAgents ? Redis.Where(one => one.AgentPort > 0) : [];

    /// <summary>Redis servers beside which a follower runs: no members.</summary>
    public IEnumerable<SiteRedis> ReplicasWithFollower =>
        HasAgents ? Replicas.Where(one => one.FollowerPort is not null) : [];

    /// <summary>Redis servers beside which a watcher runs: Sentinel may make them master.</summary>
    public IEnumerable<SiteRedis> Watched => Traffic == TrafficSwitch.Sentinel ? Candidates : [];

    /// <summary>
    /// Replicas with neither agent nor follower: they follow the master through HAProxy.
    /// </summary>
    public IEnumerable<SiteRedis> ReplicasThroughHaproxy =>
        HasAgents ? Redis.Except(Members).Except(ReplicasWithFollower) : [];
}
