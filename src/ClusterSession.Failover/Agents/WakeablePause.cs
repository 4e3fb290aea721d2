namespace ClusterSession.Failover.Agents;

/// <summary>A pause that others may end. One waits; any thread wakes it.</summary>
internal sealed class WakeablePause
{
    private CancellationTokenSource? _pause;
    private int _isWoken;

    /// <summary>Ends the pause that lasts, else the next one before it begins.</summary>
    public void Wake()
    {
        // Set before _pause is read; WaitAsync publishes _pause before it reads this flag. So one
        // of the two sees the other.
        Volatile.Write(ref _isWoken, 1);
        Interlocked.MemoryBarrier();
        try
        {
            Volatile.Read(ref _pause)?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It is over.
        }
    }

    /// <summary>Waits so long, or until it is woken or cancelled; throws for neither.</summary>
    public async Task WaitAsync(TimeSpan pause, TimeProvider time, CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Interlocked.Exchange(ref _pause, ending);
        if (Interlocked.Exchange(ref _isWoken, 0) == 0)
        {
            await Task.Delay(pause, time, ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        Volatile.Write(ref _pause, null);
    }
}
