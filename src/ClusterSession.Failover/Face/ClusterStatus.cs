namespace ClusterSession.Failover.Face;

/// <summary>
/// GET /cluster: what one agent knows of its cluster. Property names and values of the enumerations
/// are what monitors and the command line read; nothing secret is in it.
/// </summary>
internal sealed record ClusterStatus
{
    /// <summary>Name of the cluster in the coordination store.</summary>
    public required string Cluster { get; init; }

    /// <summary>Name of the member whose agent answers.</summary>
    public required string Self { get; init; }

    /// <summary>When that agent looked, by its time of day; null: it has not looked yet.</summary>
    public DateTimeOffset? LookedAt { get; init; }

    /// <summary>
    /// Milliseconds since then; more than a round of the loop: the agent stands still.
    /// </summary>
    public long? LookAgeMilliseconds { get; init; }

    public required StoreStatus Store { get; init; }

    public required LeaseStatus Lease { get; init; }

    /// <summary>
    /// The member whose Redis was opened under the present lease; null: none is known to rule.
    /// </summary>
    public string? Ruler { get; init; }

    /// <summary>Whether nothing is decided, by order of the operator.</summary>
    public bool IsMaintenance { get; init; }

    /// <summary>
    /// When that began; null: it has not, or the history does not go back so far.
    /// </summary>
    public DateTimeOffset? MaintenanceSince { get; init; }

    /// <summary>The change under way; null: none.</summary>
    public ChangeStatus? Change { get; init; }

    /// <summary>The switch that an operator asked for, or the way back; null: none.</summary>
    public SwitchStatus? Switch { get; init; }

    /// <summary>
    /// All members that exist, in the order in which they are preferred as master.
    /// </summary>
    public IReadOnlyList<ClusterMemberStatus> Members { get; init; } = [];

    /// <summary>Members that the operator has forgotten.</summary>
    public IReadOnlyList<string> Forgotten { get; init; } = [];

    /// <summary>Members whose data the operator discarded, and that do not follow yet.</summary>
    public IReadOnlyList<string> Discards { get; init; } = [];

    /// <summary>Members that are to get all data anew.</summary>
    public IReadOnlyList<string> Reinits { get; init; } = [];

    /// <summary>Members whose data the master may lack in part.</summary>
    public IReadOnlyList<LedgerLine> Ledger { get; init; } = [];

    /// <summary>The failovers that count against their members.</summary>
    public IReadOnlyList<PromotionLine> Promotions { get; init; } = [];

    /// <summary>The way back to the preferred member; null: the master is the one, or there is no
    /// way back.</summary>
    public ReturnStatus? Return { get; init; }

    /// <summary>What this agent decided last.</summary>
    public DecisionKind Decision { get; init; }

    /// <summary>Why, as a sentence for people.</summary>
    public required string Reason { get; init; }

    /// <summary>What is wrong and needs a person, as a sentence; null: nothing.</summary>
    public string? Trouble { get; init; }
}
