namespace ClusterSession.Failover.Tests.Simulation;

/// <summary>
/// The clocks and timers of one process: boot time with a drift, and a wall clock that is set.
/// </summary>
internal sealed class SimClock(SimWorld world, SimProcess process, Func<TimeSpan> wallOffset, double rate)
    : TimeProvider
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => (long)(world.Now.Ticks * rate);

    public override DateTimeOffset GetUtcNow() => Start + world.Now + wallOffset();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(world, process, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(SimWorld world, SimProcess process, Action action) : ITimer
    {
        private int _version;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            var version = ++_version;
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                world.After(dueTime, () => process.Deliver(() =>
                    {
                        if (version == _version)
                        {
                            action();
                        }
                    }));
            }

            return true;
        }

        public void Dispose() => _version++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
