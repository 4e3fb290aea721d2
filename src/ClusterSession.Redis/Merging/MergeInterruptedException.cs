namespace ClusterSession.Redis.Merging;

/// <summary>
/// A merge ended before it was complete. What was merged stays, and another one does the rest.
/// </summary>
internal sealed class MergeInterruptedException(
    MergeFailure reason,
    string message,
    MergeReport soFar,
    Exception? inner = null
) : Exception(message, inner)
{
    /// <summary>Why.</summary>
    public MergeFailure Reason { get; } = reason;

    /// <summary>What was done until then, at least.</summary>
    public MergeReport SoFar { get; } = soFar;
}
