namespace ClusterSession.Signals;

/// <summary>
/// Wakes the one loop that waits for work; however often it is set meanwhile, once. Thread-safe.
/// </summary>
internal sealed class WorkSignal
{
    private readonly SemaphoreSlim _set = new(0, 1);
    private int _isSet; // 1 from the release of _set until somebody has waited for it

    /// <summary>Completes when it is set, or has been since it was last waited for.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        await _set.WaitAsync(cancellationToken).ConfigureAwait(false);
        Volatile.Write(ref _isSet, 0);
    }

    public void Set()
    {
        if (Interlocked.Exchange(ref _isSet, 1) == 0)
        {
            _set.Release();
        }
    }
}
