using ClusterSession.Failover.Deciding;

namespace ClusterSession.Failover.Agents;

/// <summary>
/// What this agent has promised to others. A lease taken against it would make two masters.
/// </summary>
/// <remarks>
/// <para>
/// A promise lets the master of one lease go on while the coordination store is not responding,
/// though its lease runs out. A promise ends when that store shows that the lease was released: its
/// holder has closed its Redis before that, or has seen that the Redis ended, and counts neither
/// lease nor promises any more. Otherwise a switch or a failover soon after a change of that
/// store's leader would wait for promises that protect nobody, and for longer than a hand-over
/// waits for the next master.
/// </para>
/// <para>
/// A lease that has run out ends no promise: its holder may go on by it. A release is final and has
/// the number of its lease, so that no state that is read, however old, could be mistaken for it.
/// </para>
/// </remarks>
/// <param name="timings">Durations and limits, alike on all agents of a cluster.</param>
/// <param name="clock">This host's clock for leases: <c>IFailoverCoordinator.Clock</c>.</param>
internal sealed class PromiseKeeper(FailoverTimings timings, TimeProvider clock)
{
    private readonly Lock _lock = new();
    private long _from;
    private long _promisedEpoch;
    private TimeSpan _duration;
    private bool _isTakingOrHolding;
    private long _knownEpoch;
    private long _knownAdoptions;
    private long _released;

    /// <summary>How long it is bound.</summary>
    public TimeSpan Left
    {
        get
        {
            lock (_lock)
            {
                var left = _duration - clock.GetElapsedTime(_from);
                return left > TimeSpan.Zero ? left : TimeSpan.Zero;
            }
        }
    }

    /// <summary>What the coordination store said.</summary>
    /// <param name="epoch">Number of the last lease.</param>
    /// <param name="adoptions">How many members were adopted.</param>
    /// <param name="isHolder">Whether the lease is this agent's.</param>
    /// <param name="isReleased">Whether its holder has released it, not let it run out.</param>
    public void Saw(long epoch, long adoptions, bool isHolder, bool isReleased)
    {
        lock (_lock)
        {
            (_knownEpoch, _knownAdoptions, _isTakingOrHolding) = (epoch, adoptions, isHolder);
            _released = isReleased ? epoch : _released;
            if (_promisedEpoch <= _released)
            {
                _duration = TimeSpan.Zero;
            }
        }
    }

    /// <summary>Called before it asks for the lease; false: it is bound.</summary>
    public bool TryBeginToTakeLease()
    {
        lock (_lock)
        {
            return _isTakingOrHolding = _duration <= clock.GetElapsedTime(_from);
        }
    }

    /// <summary>
    /// Answers another agent.
    /// </summary>
    /// <remarks>
    /// It refuses if it is taking the lease or holds it; if it knows that this lease was released,
    /// or that there is a later one; if it knows of members that the other has not asked; and if
    /// the duration is longer than the ttl, for which a restarted agent waits.
    /// </remarks>
    public bool TryPromise(long epoch, long adoptions, TimeSpan duration)
    {
        lock (_lock)
        {
            if (
                _isTakingOrHolding
                || duration > timings.Ttl
                || _knownEpoch > epoch
                || _released >= epoch
                || _knownAdoptions > adoptions
            )
            {
                return false;
            }

            (_from, _duration, _promisedEpoch) = (clock.GetTimestamp(), duration, epoch);
            return true;
        }
    }
}
