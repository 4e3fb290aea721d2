namespace ClusterSession.Redis.Merging;

/// <summary>What is merged, and how fast.</summary>
internal sealed record MergeSettings
{
    /// <summary><c>ClusterSession:KeyPrefix</c> of the application.</summary>
    public required string KeyPrefix { get; init; }

    /// <summary>
    /// How long the source was away; null (default): not known, and the lives that it shows are
    /// believed.
    /// </summary>
    public MergeBounds? Bounds { get; init; }

    /// <summary>
    /// Records that are compared in a second, at most; a written one counts as ten. Default 50,000.
    /// </summary>
    public int RecordsPerSecond { get; init; } = 50_000;

    /// <summary>
    /// About how many bytes of records are read and not written yet, at most. Default 4 MiB; one
    /// record is always taken, whatever its size.
    /// </summary>
    public int BytesInFlight { get; init; } = 4 << 20;

    /// <summary>
    /// For how many replicas of the target it waits at the end. How many have all of it is in the
    /// report, and a merge with fewer is complete all the same. Default 0: none is waited for.
    /// </summary>
    public int Replicas { get; init; }

    /// <summary>How long they are waited for. Default 30 s.</summary>
    public TimeSpan ReplicaTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether everything is compared and nothing is written. Default false.</summary>
    public bool IsDryRun { get; init; }
}
