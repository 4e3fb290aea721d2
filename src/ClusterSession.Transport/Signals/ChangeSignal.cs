namespace ClusterSession.Transport.Signals;

/// <summary>
/// Tells all who wait that something has changed, so that they look again. Thread-safe.
/// </summary>
/// <remarks>
/// Who waits takes <see cref="Next"/> first, looks then, and waits for it last: a change in between
/// has completed it already.
/// </remarks>
internal sealed class ChangeSignal
{
    private TaskCompletionSource _next = NewSource();

    /// <summary>Completes with the next <see cref="Set"/>.</summary>
    public Task Next => Volatile.Read(ref _next).Task;

    /// <summary>Something has changed.</summary>
    public void Set() => Interlocked.Exchange(ref _next, NewSource()).TrySetResult();

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
