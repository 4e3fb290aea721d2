namespace ClusterSession.TestKit.Faults;

/// <summary>
/// The switchable faults of one direction, shared by all connections of a proxy. Thread-safe. A
/// change takes effect at once, also for bytes that already wait: this is why a waiting pump
/// listens to <see cref="WhenChanged"/> instead of sleeping to the end.
/// </summary>
public sealed class LinkFaults
{
    private readonly Lock _lock = new();
    private LinkState _state = LinkState.Healthy; // written under _lock, read anywhere: an immutable snapshot
    private TaskCompletionSource _changed = NewSignal(); // replaced under _lock together with _state

    public LinkState State => Volatile.Read(ref _state);

    /// <summary>Keeps everything from now on until <see cref="Release"/>.</summary>
    public void Hold() => Change(s => s with { Blocked = true });

    public void Release() => Change(s => s with { Blocked = false });

    public void Delay(TimeSpan delay, TimeSpan jitter = default) =>
        Change(s => s with { Delay = delay, Jitter = jitter });

    public void Limit(long? bytesPerSecond) => Change(s => s with { BytesPerSecond = bytesPerSecond });

    public void Slice(int? bytes) => Change(s => s with { SliceBytes = bytes });

    public void CorruptEvery(int? bytes) => Change(s => s with { CorruptEveryBytes = bytes });

    public void Heal() => Change(_ => LinkState.Healthy);

    internal (LinkState State, Task Changed) Observe()
    {
        lock (_lock)
        {
            return (_state, _changed.Task);
        }
    }

    internal async Task WhenOpenAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var (state, changed) = Observe();
            if (!state.Blocked)
            {
                return;
            }
            await changed.WaitAsync(cancellationToken);
        }
    }

    private void Change(Func<LinkState, LinkState> change)
    {
        TaskCompletionSource signal;
        lock (_lock)
        {
            _state = change(_state);
            signal = _changed;
            _changed = NewSignal();
        }
        signal.SetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
