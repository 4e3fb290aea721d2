namespace ClusterSession.Redis.Merging;

/// <summary>
/// A step of a merge failed in a way that ends it; the merge makes of it what its caller gets.
/// </summary>
internal sealed class MergeStoppedException(MergeFailure reason, string message, Exception? inner = null)
    : Exception(message, inner)
{
    public MergeFailure Reason { get; } = reason;
}
