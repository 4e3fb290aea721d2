namespace ClusterSession.Redis.Merging;

/// <summary>What a merge has done, or would do. Immutable.</summary>
internal sealed record MergeReport
{
    /// <summary>
    /// Records of sessions that were compared; one that moves while it is scanned counts twice.
    /// </summary>
    public long Scanned { get; init; }

    /// <summary>The target had all of it.</summary>
    public long Same { get; init; }

    /// <summary>The target had the session, and lacked something of it.</summary>
    public long Merged { get; init; }

    /// <summary>The target had no such session.</summary>
    public long New { get; init; }

    /// <summary>Sessions that had ended at the source, and not at the target.</summary>
    public long Ended { get; init; }

    /// <summary>The target had all of it, and would have forgotten it earlier.</summary>
    public long Prolonged { get; init; }

    /// <summary>Sessions that had ended at the target. They stay ended.</summary>
    public long SkippedEnded { get; init; }

    /// <summary>What has expired, or may have.</summary>
    public long SkippedExpired { get; init; }

    /// <summary>
    /// Records that were not merged (damaged, too large for the target, or changed there again and
    /// again), and damaged documents. They are left as they are.
    /// </summary>
    public long LeftOut { get; init; }

    /// <summary>
    /// Elements of documents that the target lacked: keys of cookies, revocations, ends.
    /// </summary>
    public long Elements { get; init; }

    /// <summary>Keys of the source that are not this application's. They are not merged.</summary>
    public long ForeignKeys { get; init; }

    /// <summary>Up to ten of their names.</summary>
    public IReadOnlyList<string> ForeignNames { get; init; } = [];

    /// <summary>Bytes of the records that were sent to the target.</summary>
    public long Bytes { get; init; }

    /// <summary>How many replicas of the target have all of it.</summary>
    public int Replicas { get; init; }

    /// <summary>How far the source's clock is ahead of the target's; negative: behind.</summary>
    public TimeSpan ClockAhead { get; init; }

    /// <summary>How long it took.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>The process that was merged from.</summary>
    public string SourceRunId { get; init; } = "";

    /// <summary>The process that was merged into.</summary>
    public string TargetRunId { get; init; } = "";

    /// <summary>The epoch under which it ruled; 0 where no lease fenced the writes.</summary>
    public long TargetEpoch { get; init; }

    /// <summary>Sessions, and elements of documents, that were written, or would be.</summary>
    public long Written => Merged + New + Ended + Prolonged + Elements;
}
