using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Watching;

/// <summary>One Redis of a Sentinel site, as it was seen at one moment. Immutable.</summary>
/// <param name="Address">host:port, as the Sentinels name it.</param>
internal sealed record ServerState(string Address)
{
    /// <summary>Why it has not answered; null: it has.</summary>
    public string? Problem { get; init; }

    /// <summary>
    /// Run id of its process: it shows whether a Redis has two addresses; empty: it has not
    /// answered.
    /// </summary>
    public string RunId { get; init; } = "";

    /// <summary>What it says that it is.</summary>
    public MemberRole Role { get; init; }

    /// <summary>Whom a replica follows, as host:port; null: it is none.</summary>
    public string? Follows { get; init; }

    /// <summary>Whether a replica is connected to its master and complete.</summary>
    public bool IsLinkUp { get; init; }

    /// <summary>Name of the history of its data.</summary>
    public string History { get; init; } = "";

    /// <summary>Its replication offset, in bytes; null: unknown.</summary>
    public long? Offset { get; init; }

    /// <summary>
    /// For how many seconds a replica has not heard of its master; null: it is none, or unknown.
    /// </summary>
    public long? SilentSeconds { get; init; }

    /// <summary>Of a replica: 0 is never promoted; null: it is none.</summary>
    public int? Priority { get; init; }

    /// <summary>Of a master: whether it refuses writes without replicas.</summary>
    public bool NeedsReplicas { get; init; }
}
