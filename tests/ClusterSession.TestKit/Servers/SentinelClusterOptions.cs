namespace ClusterSession.TestKit.Servers;

/// <summary>How a <see cref="SentinelCluster"/> is to be started.</summary>
public sealed record SentinelClusterOptions
{
    /// <summary>The name under which the sentinels know the master.</summary>
    public string MasterName { get; init; } = "mymaster";

    /// <summary>Replicas of the one master.</summary>
    public int Replicas { get; init; } = 2;

    /// <summary>Sentinels; the quorum is their majority.</summary>
    public int Sentinels { get; init; } = 3;

    /// <summary>
    /// How long a silent server is waited for. Below 500 ms a second promotion was seen in 3 of 4
    /// runs: the new master itself was taken for dead.
    /// </summary>
    public TimeSpan DownAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Sentinel's failover-timeout: also how soon a failed attempt is repeated (after twice this).
    /// </summary>
    public TimeSpan FailoverTimeout { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>Password of the Redis servers; default: none.</summary>
    public string? Password { get; init; }

    /// <summary>Password of the sentinels themselves; default: none.</summary>
    public string? SentinelPassword { get; init; }

    /// <summary>
    /// TLS everywhere with these certificates, between the servers too; default: plain.
    /// </summary>
    public TestCertificates? Certificates { get; init; }

    /// <summary>More configuration of each Redis server, one directive per line.</summary>
    public IReadOnlyList<string> Config { get; init; } = [];

    /// <summary>
    /// Where the servers run, in turn: server i and sentinel i on host i modulo their number.
    /// Default: all on this machine.
    /// </summary>
    public IReadOnlyList<NetworkHost> Hosts { get; init; } = [NetworkHost.Loopback];
}
