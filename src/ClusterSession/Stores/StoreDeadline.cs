namespace ClusterSession.Stores;

/// <summary>
/// Until when somebody waits for the store. The default value, <see cref="None"/>, leaves it to the
/// store's own limit; a store bounds each operation by the lesser of both.
/// </summary>
/// <remarks>
/// A value that is passed down, without a timer: only what must be given up earlier than the store
/// would give it up needs one. What was given up may still happen, and versions make that harmless.
/// A store whose operation takes several steps asks before each of them.
/// </remarks>
public readonly struct StoreDeadline : IEquatable<StoreDeadline>
{
    private readonly TimeProvider? _time;
    private readonly long _at;

    /// <summary>A deadline from now on.</summary>
    /// <param name="time">The clock that counts it, by its timestamps.</param>
    /// <param name="left">How much time is left; zero or less: it is over already.</param>
    public StoreDeadline(TimeProvider time, TimeSpan left)
    {
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
        _at = time.GetTimestamp() + (long)(left.TotalSeconds * time.TimestampFrequency);
    }

    /// <summary>No deadline but the store's own.</summary>
    public static StoreDeadline None => default;

    /// <summary>Whether there is no deadline but the store's own.</summary>
    public bool IsNone => _time is null;

    /// <summary>
    /// How much time is left; never negative, and <see cref="TimeSpan.MaxValue"/> for
    /// <see cref="None"/>.
    /// </summary>
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

    /// <summary>Whether no time is left; never of <see cref="None"/>.</summary>
    public bool IsOver => Left == TimeSpan.Zero;

    /// <summary>Whether two deadlines are the same moment of the same clock.</summary>
    public static bool operator ==(StoreDeadline left, StoreDeadline right) => left.Equals(right);

    /// <summary>Whether two deadlines differ.</summary>
    public static bool operator !=(StoreDeadline left, StoreDeadline right) => !left.Equals(right);

    /// <summary>Waits for an answer until then.</summary>
    /// <typeparam name="T">The answer.</typeparam>
    /// <param name="waiting">What is awaited; it goes on by itself if it is late.</param>
    /// <param name="late">The answer in its place if it is late.</param>
    public ValueTask<T> LimitAsync<T>(ValueTask<T> waiting, T late) =>
        _time is null || waiting.IsCompleted ? waiting : WaitAsync(waiting.AsTask(), late);

    /// <inheritdoc/>
    public bool Equals(StoreDeadline other) => ReferenceEquals(_time, other._time) && _at == other._at;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is StoreDeadline other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_time, _at);

    /// <summary>
    /// Waits until then for a semaphore that somebody else may hold; false if it was not entered.
    /// </summary>
    internal async ValueTask<bool> EnterAsync(SemaphoreSlim semaphore)
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
