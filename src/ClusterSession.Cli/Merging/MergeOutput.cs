using ClusterSession.Cli.Output;

namespace ClusterSession.Cli.Merging;

/// <summary>JSON of a merge; its names stay.</summary>
internal sealed record MergeOutput
{
    public required CommandOutcome Outcome { get; init; }

    public required int ExitCode { get; init; }

    public required string From { get; init; }

    public required string Into { get; init; }

    public long Scanned { get; init; }

    public long Same { get; init; }

    public long Merged { get; init; }

    public long New { get; init; }

    public long Ended { get; init; }

    public long Prolonged { get; init; }

    public long SkippedEnded { get; init; }

    public long SkippedExpired { get; init; }

    public long LeftOut { get; init; }

    public long Documents { get; init; }

    public long ForeignKeys { get; init; }

    public IReadOnlyList<string> ForeignNames { get; init; } = [];

    public long Bytes { get; init; }

    public int Replicas { get; init; }

    public long? TargetEpoch { get; init; }

    public long ClockAheadMilliseconds { get; init; }

    public long ElapsedMilliseconds { get; init; }

    public IReadOnlyList<string> Notes { get; init; } = [];
}
