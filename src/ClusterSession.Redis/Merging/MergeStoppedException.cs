namespace ClusterSession.Redis.Merging;

/// <summary>
/// A step of a merge failed in a way that ends it. <see cref="RedisMerge"/> turns it into the
/// exception that its caller gets.
/// </summary>
internal sealed class MergeStoppedException(MergeFailure reason, string message, Exception? inner = null)
    : Exception(message, inner)
{
    public MergeFailure Reason { get; } = reason;
}
