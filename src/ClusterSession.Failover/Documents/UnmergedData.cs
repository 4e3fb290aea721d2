namespace ClusterSession.Failover.Documents;

/// <summary>
/// A line of the ledger: a member whose data the present master may lack in part. It stays closed
/// and follows nobody until the master provably has the member's data (from the start, or by a
/// merge), or until that data was discarded, or is to be replaced (reinit).
/// </summary>
/// <param name="Epoch">Epoch of the data: that of its own lease, or of the master it
/// followed.</param>
/// <param name="Member">Name of the member.</param>
/// <param name="RunId">
/// The process that had the data when the line was written. After a restart of that Redis the line
/// still names the former process.
/// </param>
/// <param name="Since">
/// Since when its data is out of touch; never later than the moment at which the line was written.
/// By the clock of another member, once that one has dated it (<see cref="IsDatedByItself"/>). It
/// decides what is too old to be merged.
/// </param>
internal sealed record UnmergedData(long Epoch, string Member, string RunId, DateTimeOffset Since)
{
    /// <summary>
    /// Whether a member became master without it, although it was known to be newer.
    /// </summary>
    public bool IsNewer { get; init; }

    /// <summary>
    /// Whether <see cref="Since"/> is by the clock of the member itself, which has released the
    /// lease: the next holder writes its own time. The clock of a host that has failed may
    /// be wrong by hours, and would make data too old to be merged, or young enough to revive what
    /// has expired.
    /// </summary>
    public bool IsDatedByItself { get; init; }

    /// <summary>What was merged of it; null: nothing yet.</summary>
    public MergedData? Merged { get; init; }
}
