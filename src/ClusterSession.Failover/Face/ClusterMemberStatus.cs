using ClusterSession.Failover.Documents;

namespace ClusterSession.Failover.Face;

/// <summary>One member, as the agent that answers sees it.</summary>
internal sealed record ClusterMemberStatus
{
    public required string Name { get; init; }

    /// <summary>Endpoint of its Redis.</summary>
    public required string Redis { get; init; }

    /// <summary>Address of its agent.</summary>
    public required string Agent { get; init; }

    public MemberKind Kind { get; init; }

    /// <summary>Whether its Redis responded.</summary>
    public bool IsReachable { get; init; }

    /// <summary>Whether its host refused the connection: no such process runs.</summary>
    public bool IsRefused { get; init; }

    /// <summary>Whether its agent responded.</summary>
    public bool IsAgentAlive { get; init; }

    public MemberRole Role { get; init; }

    /// <summary>Run id of the process; null: unknown.</summary>
    public string? RunId { get; init; }

    /// <summary>
    /// The member that it follows, or the run id of a process that no member is; null: nobody.
    /// </summary>
    public string? Follows { get; init; }

    /// <summary>Whether a replica is connected to its master and complete.</summary>
    public bool IsLinkUp { get; init; }

    /// <summary>Its replication offset, in bytes; null: unknown.</summary>
    public long? Offset { get; init; }

    /// <summary>
    /// How many bytes it is behind the master; null: unknown, or of another history.
    /// </summary>
    public long? LagBytes { get; init; }

    /// <summary>What was known of it last, if it is not responding; null: nothing.</summary>
    public LastPositionStatus? LastSeen { get; init; }

    /// <summary>Epoch of its data: of the last master that wrote it.</summary>
    public long DataEpoch { get; init; }

    /// <summary>Whether it takes writes: a record that names it, and clients admitted.</summary>
    public bool IsOpen { get; init; }

    /// <summary>The merge of its data into the present master; null: there is none.</summary>
    public MergeStatus? Merge { get; init; }
}
