namespace ClusterSession.Redis.Merging;

/// <summary>Counts what a merge does. Not thread-safe.</summary>
internal sealed class MergeCounts
{
    /// <summary>What was counted so far.</summary>
    public MergeReport SoFar { get; private set; } = new();

    /// <summary>Changes what is no count of records.</summary>
    public void Note(Func<MergeReport, MergeReport> change) => SoFar = change(SoFar);

    /// <summary>Counts what was done about one session.</summary>
    /// <param name="action">What.</param>
    /// <param name="bytes">The bytes that were sent to the target for it.</param>
    public void Add(MergeAction action, long bytes = 0)
    {
        var now = SoFar with { Scanned = SoFar.Scanned + 1, Bytes = SoFar.Bytes + bytes };
        SoFar = action switch
        {
            MergeAction.Same => now with { Same = now.Same + 1 },
            MergeAction.Merge => now with { Merged = now.Merged + 1 },
            MergeAction.Create => now with { New = now.New + 1 },
            MergeAction.End => now with { Ended = now.Ended + 1 },
            MergeAction.Prolong => now with { Prolonged = now.Prolonged + 1 },
            MergeAction.SkipEnded => now with { SkippedEnded = now.SkippedEnded + 1 },
            MergeAction.SkipExpired => now with { SkippedExpired = now.SkippedExpired + 1 },
            _ => now with { LeftOut = now.LeftOut + 1 },
        };
    }
}
