using ClusterSession.Failover.Leases;

namespace ClusterSession.Failover.Raft;

/// <summary>
/// One leadership of this server, with the deadlines of the leases: they are the leader's alone,
/// and begin anew with it. A deadline that has passed is never moved again. Thread-safe.
/// </summary>
internal sealed class Reign(long term, TimeProvider clock, CancellationToken token)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (long Epoch, long Since)> _counted = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _releasing = new(StringComparer.Ordinal);

    /// <summary>Entries that are decided in this reign carry it.</summary>
    public long Term { get; } = term;

    /// <summary>Cancelled when the reign is over.</summary>
    public CancellationToken Token { get; } = token;

    /// <summary>
    /// Decides while no deadline moves. What is read of the map within is at least as new as every
    /// grant that is counted already, however long the thread waited before.
    /// </summary>
    public T Decide<T>(Func<T> decision)
    {
        lock (_gate)
        {
            return decision();
        }
    }

    /// <summary>Whether the lease still runs. A lease that is seen first counts from now.</summary>
    public bool IsRunning(string cluster, ClusterRecord record)
    {
        lock (_gate)
        {
            return IsRunningLocked(cluster, record);
        }
    }

    /// <summary>
    /// Counts a lease anew from now, if it has not expired and is not being released; false: it is
    /// not counted anew.
    /// </summary>
    public bool TryRenew(string cluster, ClusterRecord record)
    {
        lock (_gate)
        {
            if (!IsRunningLocked(cluster, record) || _releasing.GetValueOrDefault(cluster) == record.Epoch)
            {
                return false;
            }

            _counted[cluster] = (record.Epoch, clock.GetTimestamp());
            return true;
        }
    }

    /// <summary>
    /// A release of the lease goes to the log. It may be applied late; so the lease is renewed no
    /// more, and ends by it or by its ttl.
    /// </summary>
    public void Releases(string cluster, long epoch)
    {
        lock (_gate)
        {
            _releasing[cluster] = epoch;
        }
    }

    /// <summary>
    /// Whether the lease still runs. A grant that this reign sees for the first time counts from
    /// now: never too early. A grant is over if a later one is counted already, even where the
    /// caller's record still shows it.
    /// </summary>
    private bool IsRunningLocked(string cluster, ClusterRecord record)
    {
        if (record.Holder is null)
        {
            return false;
        }

        if (!_counted.TryGetValue(cluster, out var counted) || counted.Epoch < record.Epoch)
        {
            counted = (record.Epoch, clock.GetTimestamp());
            _counted[cluster] = counted;
        }
        else if (counted.Epoch > record.Epoch)
        {
            return false;
        }

        return clock.GetElapsedTime(counted.Since).TotalMilliseconds < record.TtlMilliseconds;
    }
}
