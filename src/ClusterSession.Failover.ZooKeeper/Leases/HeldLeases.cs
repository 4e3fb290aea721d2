using System.Collections.Concurrent;
using ClusterSession.ZooKeeper;

namespace ClusterSession.Failover.ZooKeeper.Leases;

/// <summary>The leases that this process holds, one of each cluster.</summary>
internal sealed class HeldLeases(ZooKeeperOptions options, TimeProvider clock, Random random) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, HeldLease> _held = new(StringComparer.Ordinal);

    /// <summary>The lease of this grant; null: it is not held here.</summary>
    public HeldLease? Find(string cluster, string holder, long epoch) =>
        _held.TryGetValue(cluster, out var lease) && lease.IsOf(holder, epoch) ? lease : null;

    /// <summary>
    /// Opens a session and does the changes under it. Null in place of the session: the changes
    /// were not done, or nobody knows whether they were.
    /// </summary>
    public async ValueTask<(LeaseSession? Session, IReadOnlyList<NodeChangeResult> Results)> HoldAsync(
        TimeSpan ttl,
        NodeChange[] changes,
        CancellationToken token
    )
    {
        var opened = await LeaseSession.OpenAsync(options, ttl, clock, random, token).ConfigureAwait(false);
        if (!opened.IsOk)
        {
            return (null, []);
        }

        var session = opened.Value;
        var isKept = false;
        try
        {
            if (session.Life < ttl)
            {
                throw new InvalidOperationException(
                    $"The lease is to last {ttl.TotalMilliseconds:0} ms, and the ZooKeeper server lets a session live "
                        + $"for {session.Life.TotalMilliseconds:0} ms at most. Raise its maxSessionTimeout, or lower "
                        + "the lease (Ttl)."
                );
            }

            var done = await session.ChangeAsync(changes, token).ConfigureAwait(false);
            isKept = done.IsOk;
            return done.IsOk ? (session, done.Value) : (null, []);
        }
        finally
        {
            // The session is not ended at the server. Where nobody knows whether the changes were
            // done, they may have been, and the repeat of the operation takes the lease over. Where
            // they were not done, the session runs out without any ephemeral node.
            if (!isKept)
            {
                await session.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// Keeps a lease in place of the former one of the cluster, whose session is left to run out.
    /// </summary>
    public async ValueTask KeepAsync(string cluster, HeldLease lease)
    {
        HeldLease? former = null;
        _held.AddOrUpdate(cluster, lease, (_, old) =>
        {
            former = old;
            return lease;
        });
        if (former is not null)
        {
            await former.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Ends it at the server, if it is held here.</summary>
    public async ValueTask ForgetAsync(string cluster, string holder, long epoch, CancellationToken token)
    {
        if (Find(cluster, holder, epoch) is { } lease && _held.TryRemove(KeyValuePair.Create(cluster, lease)))
        {
            await lease.EndAsync(token).ConfigureAwait(false);
        }
    }

    /// <summary>They run out by themselves.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var lease in _held.Values)
        {
            await lease.DisposeAsync().ConfigureAwait(false);
        }
    }
}
