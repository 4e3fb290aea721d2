namespace ClusterSession.TestKit.Faults;

/// <summary>
/// Drops one reply after its request was executed: the request is forwarded whole, the proxy waits
/// until the server has answered, swallows that answer and resets the connection. The client can
/// not know whether its command happened; it did. Matches are counted over all connections of the
/// proxy from the moment the drop was ordered. Thread-safe; each instance works once.
/// </summary>
public sealed class ReplyDrop
{
    private readonly TaskCompletionSource _dropped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _occurrence;
    private int _seen;

    internal ReplyDrop(byte[] pattern, int occurrence)
    {
        ArgumentOutOfRangeException.ThrowIfZero(pattern.Length);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(occurrence);
        Pattern = pattern;
        _occurrence = occurrence;
    }

    /// <summary>Completes when the reply has been swallowed and the connection reset.</summary>
    public Task Dropped => _dropped.Task;

    internal byte[] Pattern { get; }

    internal bool IsClaimed => Volatile.Read(ref _seen) >= _occurrence;

    internal bool ClaimsNextMatch() => Interlocked.Increment(ref _seen) == _occurrence;

    internal void Done() => _dropped.TrySetResult();
}
