using ClusterSession.Failover.Deciding;

namespace ClusterSession.Failover.Agents;

/// <summary>
/// What this agent has promised to others. A lease taken against it would make two masters.
/// </summary>
/// <param name="rules">The figures.</param>
/// <param name="clock">The coordinator's clock.</param>
internal sealed class PromiseKeeper(FailoverRules rules, TimeProvider clock)
{
    private readonly Lock _lock = new();
    private long _from;
    private TimeSpan _duration;
    private bool _isTaking;
    private long _knownEpoch;
    private long _knownAdoptions;

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

    /// <summary>
    /// What the store said; <paramref name="isHolder"/>: the lease is this agent's.
    /// </summary>
    public void Saw(long epoch, long adoptions, bool isHolder)
    {
        lock (_lock)
        {
            (_knownEpoch, _knownAdoptions, _isTaking) = (epoch, adoptions, isHolder);
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
    /// Answers another agent. No, once it has begun to take the lease or knows of a later one, or
    /// of members that the other does not ask; and for no longer than a restarted agent waits.
    /// </summary>
    public bool TryPromise(long epoch, long adoptions, TimeSpan duration)
    {
        lock (_lock)
        {
            if (_isTaking || duration > rules.Ttl || _knownEpoch > epoch || _knownAdoptions > adoptions)
            {
                return false;
            }

            (_from, _duration) = (clock.GetTimestamp(), duration);
            return true;
        }
    }
}
