namespace ClusterSession.Failover.Documents;

/// <summary>
/// The master that was opened last. There is none from the release of its lease, or from when
/// another process takes the lease, until the next one is opened.
/// </summary>
/// <param name="Member">Name of the member.</param>
/// <param name="RunId">The process that was opened: another one is closed.</param>
/// <param name="Epoch">Number of the lease under which it was opened.</param>
internal sealed record Ruler(string Member, string RunId, long Epoch)
{
    /// <summary>
    /// Closed masters of which this one had everything when it took the lease. Offsets do not show
    /// that later, since a closed master goes on writing pings and expiries into its own history.
    /// </summary>
    public IReadOnlyList<RedisProcess> Contained { get; init; } = [];

    /// <summary>Whether an operator made it master: no way back to a preferred member is asked
    /// for.</summary>
    public bool IsChosen { get; init; }

    /// <summary>Histories that it had everything of, up to a point.</summary>
    public IReadOnlyList<HistoryPoint> Histories { get; init; } = [];
}
