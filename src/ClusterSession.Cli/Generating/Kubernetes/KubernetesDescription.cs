using System.Globalization;

namespace ClusterSession.Cli.Generating.Kubernetes;

/// <summary>An application in Kubernetes, and the Redis of its sessions.</summary>
/// <remarks>
/// Three Redis with an agent each are the three votes. A voter would need an address and a volume
/// of its own, which the pods of a Deployment have not.
/// </remarks>
internal sealed record KubernetesDescription
{
    /// <summary>Votes, and so pods of Redis.</summary>
    public const int Members = 3;

    public const int RedisPort = 6379;

    public const int AgentPort = 7400;

    /// <summary>
    /// Seconds that a pod goes on serving while it is being taken out of the service.
    /// </summary>
    public const int PreStop = 5;

    /// <summary>
    /// Seconds that a request may take when its node ends, and the store's timeouts.
    /// </summary>
    private const int LastRequests = 20;

    private const int Reserve = 10;

    public required string Cluster { get; init; }

    public required string KeyPrefix { get; init; }

    public required string Namespace { get; init; }

    /// <summary>Of the application.</summary>
    public required string Image { get; init; }

    public required int Nodes { get; init; }

    public required int Port { get; init; }

    public required string HealthPath { get; init; }

    /// <summary>Limit of a node, as Kubernetes writes it.</summary>
    public required string Memory { get; init; }

    /// <summary>Seconds that a node has to bring to the store what only it has.</summary>
    public required int Drain { get; init; }

    public required string CookieName { get; init; }

    public required string IdleTimeout { get; init; }

    public required string TicketLife { get; init; }

    public required string RedisImage { get; init; }

    /// <summary>Of the tool, which runs the agents.</summary>
    public required string ToolImage { get; init; }

    public required string MaxMemory { get; init; }

    public required int SessionCount { get; init; }

    /// <summary>Size of each Redis' volume.</summary>
    public required string Storage { get; init; }

    /// <summary>Null: the default of the cluster.</summary>
    public string? StorageClass { get; init; }

    public string? SecretFile { get; init; }

    /// <summary>Name of the StatefulSet, its service and its Secret.</summary>
    public string Redis => $"{Cluster}-redis";

    /// <summary>The host's own shutdown timeout: requests under way, then the drain.</summary>
    public int Shutdown => Drain + LastRequests;

    /// <summary>When a pod is killed: later than all of that could take.</summary>
    public int Grace => PreStop + Shutdown + Reserve;

    /// <summary>The same pods as a site of agents.</summary>
    public SiteDescription Site =>
        new()
        {
            Cluster = Cluster,
            KeyPrefix = KeyPrefix,
            Traffic = TrafficSwitch.Haproxy,
            Nodes = [],
            Candidates =
            [
                .. Enumerable
                    .Range(0, Members)
                    .Select(i => string.Create(CultureInfo.InvariantCulture, $"{Redis}-{i}"))
                    .Select(pod => new SiteRedis(pod, $"{pod}.{Redis}.{Namespace}.svc", RedisPort, AgentPort)),
            ],
            Replicas = [],
            Sentinels = [],
            MasterPort = RedisPort,
            ReplicationPort = RedisPort,
            HttpPort = Port,
            CookieName = CookieName,
            IdleTimeout = IdleTimeout,
            TicketLife = TicketLife,
            MaxMemory = MaxMemory,
            SessionCount = SessionCount,
            ConfigDirectory = "/etc/cluster-session",
            DataDirectory = "/var/lib/cluster-session",
            RunDirectory = "/run/cluster-session",
            IsInPods = true,
        };
}
