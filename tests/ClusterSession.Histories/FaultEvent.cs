namespace ClusterSession.Histories;

/// <summary>
/// One fault as it was injected. <see cref="Confirmed"/> is set only when its effect was seen (a
/// new master answered, a link's counters stood still): a fault that did not happen proves nothing.
/// </summary>
public sealed record FaultEvent
{
    public required string Kind { get; init; }

    /// <summary>What it hit: the name of a node, a store server or a link.</summary>
    public required string Target { get; init; }

    /// <summary>
    /// Faults of different layers at the same time make a double fault, the only excuse for a loss.
    /// A held-back replica and a killed master are of one layer and no excuse: the nodes' copies
    /// are there to repair exactly that.
    /// </summary>
    public FaultLayer Layer { get; init; }

    /// <summary>What it may cost those who use the cluster.</summary>
    public FaultEffect Effect { get; init; }

    /// <summary>
    /// The node that ended, or was started anew, while it lasted: what it had in memory is gone.
    /// Null: none.
    /// </summary>
    public string? Restarted { get; init; }

    public required long StartNs { get; init; }

    /// <summary>When it was healed; <see cref="long.MaxValue"/> if never.</summary>
    public long EndNs { get; init; } = long.MaxValue;

    public bool Confirmed { get; init; }

    /// <summary>
    /// When its effect was seen; 0 if it was not. A node that is being killed may answer for some
    /// milliseconds after <see cref="StartNs"/>.
    /// </summary>
    public long ConfirmedNs { get; init; }

    public string? Note { get; init; }

    public override string ToString() =>
        $"{StartNs / 1e9, 9:0.000} s .. {(EndNs == long.MaxValue ? "end of run" : $"{EndNs / 1e9:0.000} s"), -12} {Kind} {Target}"
        + (Restarted is null || Restarted == Target ? "" : $", {Restarted} restarted")
        + (Confirmed ? "" : " (effect NOT seen)")
        + (Note is null ? "" : $" {Note}");
}
