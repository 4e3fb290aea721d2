namespace ClusterSession.Tests.Transport;

/// <summary>
/// A clock that stands still until it is moved, and whose timers fire when told: a process that was
/// frozen, for instance.
/// </summary>
internal sealed class JumpingTime : TimeProvider
{
    private readonly List<JumpingTimer> _timers = [];
    private long _now = TimeSpan.TicksPerDay;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Volatile.Read(ref _now);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new JumpingTimer(() => callback(state), period > TimeSpan.Zero);
        lock (_timers)
        {
            _timers.Add(timer);
        }

        return timer;
    }

    /// <summary>
    /// Moves the clock and fires every periodic timer once, as a timer does that was late.
    /// </summary>
    public void Jump(TimeSpan by)
    {
        Interlocked.Add(ref _now, by.Ticks);
        JumpingTimer[] timers;
        lock (_timers)
        {
            timers = [.. _timers];
        }

        foreach (var timer in timers)
        {
            timer.Fire();
        }
    }

    private sealed class JumpingTimer(Action callback, bool periodic) : ITimer
    {
        private volatile bool _over;

        public void Fire()
        {
            if (periodic && !_over)
            {
                callback();
            }
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose() => _over = true;

        public ValueTask DisposeAsync()
        {
            _over = true;
            return default;
        }
    }
}
