namespace ClusterSession.Stores.Outage;

/// <summary>Until when somebody waits for the store; <see cref="None"/> waits as long as the store's own deadlines let it.</summary>
/// <remarks>
/// A value that is passed down: what it bounds has no timer of its own unless it must really be given up earlier than the store would give it up. What is given up may
/// still happen, as with a store's own deadline, and versions make that harmless.
/// </remarks>
internal readonly struct StoreDeadline
{
    private readonly TimeProvider? _time;
    private readonly long _at;

    public StoreDeadline(TimeProvider time, TimeSpan left)
    {
        _time = time;
        _at = time.GetTimestamp() + (long)(left.TotalSeconds * time.TimestampFrequency);
    }

    public static StoreDeadline None => default;

    /// <summary>How much time is left; never negative.</summary>
    public TimeSpan Left
    {
        get
        {
            if (_time is null)
            {
                return TimeSpan.MaxValue;
            }

            var left = _time.GetElapsedTime(_time.GetTimestamp(), _at);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    public bool IsOver => Left == TimeSpan.Zero;

    /// <summary>Waits for something until then.</summary>
    /// <param name="waiting">Goes on by itself if it is late.</param>
    /// <param name="late">The answer in its place if it is late.</param>
    public ValueTask<T> LimitAsync<T>(ValueTask<T> waiting, T late) =>
        _time is null || waiting.IsCompleted ? waiting : WaitAsync(waiting.AsTask(), late);

    /// <summary>Waits until then for a semaphore that somebody else may hold; false if it was not entered.</summary>
    public async ValueTask<bool> EnterAsync(SemaphoreSlim semaphore)
    {
        if (_time is null)
        {
            await semaphore.WaitAsync().ConfigureAwait(false);
            return true;
        }

        if (await semaphore.WaitAsync(TimeSpan.Zero).ConfigureAwait(false))
        {
            return true;
        }

        // The semaphore's own timeout would count on another clock than everything else.
        using var over = new CancellationTokenSource(Left, _time);
        try
        {
            await semaphore.WaitAsync(over.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async ValueTask<T> WaitAsync<T>(Task<T> waiting, T late)
    {
        try
        {
            return await waiting.WaitAsync(Left, _time!).ConfigureAwait(false);
        }
        catch (TimeoutException) when (!waiting.IsFaulted)
        {
            return late;
        }
    }
}
