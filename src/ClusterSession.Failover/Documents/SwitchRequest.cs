namespace ClusterSession.Failover.Documents;

/// <summary>
/// A switch that an operator asked for, or the way back. It ends when the next lease is taken, or
/// when the master retracts it.
/// </summary>
/// <param name="From">The master that is to close; null: nobody holds the lease.</param>
/// <param name="To">Who is to be master; null: the most advanced candidate but the former
/// master.</param>
/// <param name="Epoch">Number of the lease that is handed over.</param>
/// <param name="At">When it was asked for.</param>
/// <param name="Step">The step that is being done, or is done.</param>
internal sealed record SwitchRequest(RedisProcess? From, string? To, long Epoch, DateTimeOffset At, SwitchStep Step)
{
    /// <summary>
    /// Whether the master asked for it itself, as the way back to a member that is preferred.
    /// </summary>
    public bool IsReturn { get; init; }

    /// <summary>
    /// Where the closed master stood when it released the lease. Its history has no commit beyond.
    /// </summary>
    public HistoryPoint? Closed { get; init; }
}
