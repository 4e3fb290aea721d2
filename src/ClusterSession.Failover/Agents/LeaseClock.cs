using ClusterSession.Failover.Deciding;

namespace ClusterSession.Failover.Agents;

/// <summary>
/// Counts down the lease that this agent holds, the promises for it, and the record. Everything is
/// counted from before the request was sent, less drift and margin, by a clock that goes on in
/// suspend; those who granted it count from their answer, in full.
/// </summary>
/// <remarks>The loop counts, and requests read at any time.</remarks>
/// <param name="timings">Durations and limits, alike on all agents of a cluster.</param>
/// <param name="clock">This host's clock for leases: <c>IFailoverCoordinator.Clock</c>.</param>
internal sealed class LeaseClock(FailoverTimings timings, TimeProvider clock)
{
    private readonly Lock _lock = new();
    private long _epoch;
    private long _leaseFrom;
    private long _othersBoundFrom;
    private bool _isHeld;
    private TimeSpan _ttl = timings.Ttl;
    private bool _areOthersBound;
    private long _recordFrom = clock.GetTimestamp();
    private TimeSpan _recordLife = timings.RecordLife; // A former process of this agent may have sent one.
    private long _openFrom = clock.GetTimestamp();
    private TimeSpan _openLife = timings.RecordLife; // As above.

    /// <summary>Number of the lease; 0: none.</summary>
    public long Epoch => Read(() => _epoch);

    public TimeSpan LeaseLeft => Read(() => _isHeld ? Left(_leaseFrom, Counted) : TimeSpan.Zero);

    public TimeSpan OthersBoundFor =>
        Read(() => _areOthersBound ? Left(_othersBoundFrom, CountedOf(timings.Ttl)) : TimeSpan.Zero);

    /// <summary>How long a record that was sent may live.</summary>
    public TimeSpan RecordLeft => Read(() => Left(_recordFrom, _recordLife));

    /// <summary>The lease, and how long it or the promises for it still run, at one
    /// moment.</summary>
    public (long Epoch, TimeSpan Left) LeaseNow =>
        Read(() =>
            (
                _epoch,
                Longer(
                    _isHeld ? Left(_leaseFrom, Counted) : TimeSpan.Zero,
                    _areOthersBound ? Left(_othersBoundFrom, CountedOf(timings.Ttl)) : TimeSpan.Zero
                )
            )
        );

    /// <summary>
    /// How long a command to open that was not answered may still take effect, and give a record.
    /// </summary>
    public TimeSpan OpenLeft => Read(() => Left(_openFrom, _openLife));

    private TimeSpan Counted => CountedOf(_ttl);

    private TimeSpan CountedOf(TimeSpan ttl) => ttl * (1 - timings.Drift) - timings.Margin;

    /// <summary>The lease was granted or renewed.</summary>
    /// <param name="epoch">Its number.</param>
    /// <param name="countedFrom">From when it counts.</param>
    /// <param name="ttl">
    /// How long it runs by the coordination store; zero: unknown. A process before this one may
    /// have asked for another life than these timings have.
    /// </param>
    public void Granted(long epoch, long countedFrom, TimeSpan ttl)
    {
        lock (_lock)
        {
            (_epoch, _leaseFrom, _isHeld) = (epoch, countedFrom, true);
            _ttl = ttl > TimeSpan.Zero && ttl < timings.Ttl ? ttl : timings.Ttl;
        }
    }

    /// <summary>The lease was lost. Promises, which bind others, stay.</summary>
    public void Lost()
    {
        lock (_lock)
        {
            _isHeld = false;
        }
    }

    /// <summary>The lease is another's, or was released.</summary>
    public void Ended()
    {
        lock (_lock)
        {
            (_epoch, _isHeld, _areOthersBound) = (0, false, false);
        }
    }

    /// <summary>All other agents have promised.</summary>
    public void OthersPromised(long askedAt)
    {
        lock (_lock)
        {
            (_areOthersBound, _othersBoundFrom) = (true, askedAt);
        }
    }

    /// <summary>
    /// A command to open was not answered. It may take effect as long as a record that was sent
    /// lives, and not later: it looks at the time.
    /// </summary>
    public void OpenUnanswered()
    {
        lock (_lock)
        {
            (_openFrom, _openLife) = (clock.GetTimestamp(), RecordLeft);
        }
    }

    /// <summary>
    /// How long a record that is sent now may live, which is then remembered; zero or less: none
    /// may be sent. The time of day that it is added to must have been read before.
    /// </summary>
    public TimeSpan NextRecordLife()
    {
        lock (_lock)
        {
            var left = Longer(LeaseLeft, OthersBoundFor);
            left = left < timings.RecordLife ? left : timings.RecordLife;
            if (left > RecordLeft)
            {
                (_recordFrom, _recordLife) = (clock.GetTimestamp(), left);
            }

            return left;
        }
    }

    private static TimeSpan Longer(TimeSpan x, TimeSpan y) => x > y ? x : y;

    private T Read<T>(Func<T> read)
    {
        lock (_lock)
        {
            return read();
        }
    }

    private TimeSpan Left(long from, TimeSpan life)
    {
        var left = life - clock.GetElapsedTime(from);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
