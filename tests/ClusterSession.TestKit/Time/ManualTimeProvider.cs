namespace ClusterSession.TestKit.Time;

/// <summary>
/// Time that stands until a test moves it: wall clock, timestamp and timers. Timers fire in the
/// order of their due times on the thread that advances. The wall clock alone can be set, as an
/// operator or NTP does.
/// </summary>
public sealed class ManualTimeProvider(DateTimeOffset? start = null) : TimeProvider
{
    private const int MaxFirings = 1000;

    /// <summary>
    /// For so many steps something that a request waits for may be due; after them, what a node
    /// does by itself.
    /// </summary>
    private const int FineSteps = 250;

    private static readonly TimeSpan FineStep = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan CoarseStep = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private DateTimeOffset _now = start ?? new DateTimeOffset(2026, 1, 15, 12, 0, 0, TimeSpan.Zero);
    private long _ticks = TimeSpan.TicksPerDay;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            return _now;
        }
    }

    public override long GetTimestamp()
    {
        lock (_lock)
        {
            return _ticks;
        }
    }

    /// <summary>Sets the wall clock, forward or back, and lets no time pass.</summary>
    public void SetUtcNow(DateTimeOffset now)
    {
        lock (_lock)
        {
            _now = now;
        }
    }

    /// <summary>Lets time pass, and fires what comes due on the way.</summary>
    public void Advance(TimeSpan by)
    {
        var end = GetTimestamp() + by.Ticks;
        while (true)
        {
            ManualTimer? due;
            lock (_lock)
            {
                due = _timers.Where(timer => timer.DueAt <= end).MinBy(timer => timer.DueAt);
                var to = due is null ? end : Math.Max(_ticks, due.DueAt);
                _now = _now.AddTicks(to - _ticks);
                _ticks = to;
                due?.Rearm(end);
            }

            if (due is null)
            {
                return;
            }

            due.Fire();
        }
    }

    /// <summary>Lets time pass in small steps until the task is done.</summary>
    public async Task<T> DriveAsync<T>(Task<T> task)
    {
        await DriveAsync((Task)task);
        return await task;
    }

    /// <inheritdoc cref="DriveAsync{T}(Task{T})"/>
    public async Task DriveAsync(Task task)
    {
        for (var steps = 0; !task.IsCompleted; steps++)
        {
            if (steps > 10_000)
            {
                throw new TimeoutException("The task is not done, however much time passes.");
            }

            await Task.WhenAny(task, Task.Delay(2));
            if (!task.IsCompleted)
            {
                Advance(steps < FineSteps ? FineStep : CoarseStep);
            }
        }

        await task;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class ManualTimer(ManualTimeProvider time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        /// <summary>Guarded by the provider's lock.</summary>
        public long DueAt { get; private set; } = long.MaxValue;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._lock)
            {
                _period = period;
                DueAt = dueTime == Timeout.InfiniteTimeSpan ? long.MaxValue : time._ticks + dueTime.Ticks;
                if (DueAt != long.MaxValue && !time._timers.Contains(this))
                {
                    time._timers.Add(this);
                }
            }

            return true;
        }

        /// <summary>
        /// Under the provider's lock. On a way of days a timer of a second fires some times, not
        /// millions, as one does that was starved.
        /// </summary>
        public void Rearm(long end)
        {
            if (_period > TimeSpan.Zero)
            {
                DueAt += Math.Max(1, (end - DueAt) / _period.Ticks / MaxFirings) * _period.Ticks;
            }
            else
            {
                DueAt = long.MaxValue;
                time._timers.Remove(this);
            }
        }

        public void Fire() => callback(state);

        public void Dispose()
        {
            lock (time._lock)
            {
                DueAt = long.MaxValue;
                time._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
