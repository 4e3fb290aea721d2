using ClusterSession.Failover.Deciding;

namespace ClusterSession.Failover.Agents;

/// <summary>
/// What this agent has promised to others. A lease taken against it would make two masters.
/// </summary>
/// <remarks>
/// A promise lets the master of one lease go on while the coordination store is not responding. It
/// ends with that lease: a master that was asked to hand over closes its Redis before it releases
/// the lease. Without that, a switch soon after a change of the store's leader came to nothing,
/// because the successor was bound for longer than the hand-over waits. A lease that has run out,
/// or was released without a hand-over, ends no promise: its Redis may be open yet.
/// </remarks>
/// <param name="rules">The figures.</param>
/// <param name="clock">The coordinator's clock.</param>
internal sealed class PromiseKeeper(FailoverRules rules, TimeProvider clock)
{
    private readonly Lock _lock = new();
    private long _from;
    private long _promisedEpoch;
    private TimeSpan _duration;
    private bool _isTaking;
    private long _knownEpoch;
    private long _knownAdoptions;
    private long _handedOver;

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

    /// <summary>What the store said.</summary>
    /// <param name="epoch">Number of the last lease.</param>
    /// <param name="adoptions">How many members were adopted.</param>
    /// <param name="isHolder">Whether the lease is this agent's.</param>
    /// <param name="isHandedOver">Whether its holder has closed its Redis and released it.</param>
    public void Saw(long epoch, long adoptions, bool isHolder, bool isHandedOver)
    {
        lock (_lock)
        {
            (_knownEpoch, _knownAdoptions, _isTaking) = (epoch, adoptions, isHolder);
            _handedOver = isHandedOver ? epoch : _handedOver;
            if (_promisedEpoch <= _handedOver)
            {
                _duration = TimeSpan.Zero;
            }
        }
    }

    /// <summary>Called before it asks for the lease; false: it is bound.</summary>
    public bool TryBegin()
    {
        lock (_lock)
        {
            return _isTaking = _duration <= clock.GetElapsedTime(_from);
        }
    }

    /// <summary>
    /// Answers another agent. No, once it has begun to take the lease, or knows that it was handed
    /// over, of a later one, or of members that the other does not ask; and for no longer than a
    /// restarted agent waits.
    /// </summary>
    public bool TryPromise(long epoch, long adoptions, TimeSpan duration)
    {
        lock (_lock)
        {
            if (
                _isTaking
                || duration > rules.Ttl
                || _knownEpoch > epoch
                || _handedOver >= epoch
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
