namespace ClusterSession.Failover.Documents;

/// <summary>An event of the cluster, as its document keeps it.</summary>
/// <param name="At">When, by the clock of the agent that wrote it.</param>
/// <param name="Epoch">Number of the lease that was held, or was held last.</param>
/// <param name="What">What happened.</param>
/// <param name="From">Who was master before; null: not known, or it does not apply.</param>
/// <param name="To">Whom it concerns: who became master, or the member that was named.</param>
internal sealed record ClusterEvent(DateTimeOffset At, long Epoch, EventKind What, string? From, string? To)
{
    /// <summary>The reason, as a sentence; null: none is known.</summary>
    public string? Why { get; init; }

    /// <summary>
    /// How long a change took, from when its agent saw the lease free until it was opened.
    /// </summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>See <see cref="ClusterChange.LacksNewerData"/>.</summary>
    public bool LacksNewerData { get; init; }
}
