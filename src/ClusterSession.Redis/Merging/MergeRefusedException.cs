namespace ClusterSession.Redis.Merging;

/// <summary>A merge was not begun; nothing was written.</summary>
internal sealed class MergeRefusedException(MergeFailure reason, string message, Exception? inner = null)
    : Exception(message, inner)
{
    /// <summary>Why.</summary>
    public MergeFailure Reason { get; } = reason;
}
