namespace ClusterSession.Failover.Sights;

/// <summary>How much a merge has done.</summary>
/// <param name="Scanned">Records that were compared.</param>
/// <param name="Of">About how many there are.</param>
/// <param name="Merged">Records of which something was merged.</param>
/// <param name="Bytes">Bytes that were sent to the master.</param>
internal sealed record MemberMergeCounts(long Scanned, long Of, long Merged, long Bytes)
{
    /// <summary>A merge that has just begun.</summary>
    public static MemberMergeCounts None { get; } = new(0, 0, 0, 0);

    /// <summary>Keys that are not this library's, and are not merged.</summary>
    public long Foreign { get; init; }

    /// <summary>Some of their names.</summary>
    public IReadOnlyList<string> ForeignNames { get; init; } = [];

    /// <summary>
    /// Damaged records, and such as the master could not take. They are not merged.
    /// </summary>
    public long Unreadable { get; init; }
}
