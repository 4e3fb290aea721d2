namespace ClusterSession.Failover.Face;

/// <summary>A member whose data the master may lack in part.</summary>
/// <param name="Member">Which.</param>
/// <param name="Epoch">Epoch of its data.</param>
/// <param name="Since">
/// Since when its data is out of touch with the master's; not later than the line was written.
/// </param>
/// <param name="IsDiscarded">Whether the operator gave that data up.</param>
internal sealed record LedgerLine(string Member, long Epoch, DateTimeOffset Since, bool IsDiscarded)
{
    /// <summary>
    /// Whether a member became master without it, although it was known to be newer.
    /// </summary>
    public bool IsNewer { get; init; }

    /// <summary>
    /// Whether the present master is seen to have all of it: the member follows when its agent
    /// runs.
    /// </summary>
    public bool IsContained { get; init; }

    /// <summary>Whether it was merged into the present master, and is about to follow it.</summary>
    public bool IsMerged { get; init; }
}
