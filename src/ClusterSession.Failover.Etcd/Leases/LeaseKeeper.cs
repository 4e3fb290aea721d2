using System.Collections.Concurrent;
using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Etcd.Client;
using ClusterSession.Failover.Etcd.Keys;

namespace ClusterSession.Failover.Etcd.Leases;

/// <summary>Lets leases live anew, and knows from when their holder may count them.</summary>
/// <remarks>
/// <para>
/// Etcd's leader counts the life of leases, from when it has heard of a keep-alive. It asks nobody
/// whether it still leads: a leader that hung, and does not know yet that another one was elected,
/// answers keep-alives while the lease runs out at the other one. So an answered keep-alive proves
/// nothing, and a read that a majority has confirmed afterwards proves that the lease lived, and
/// not for how long.
/// </para>
/// <para>
/// The two together prove it, by the term that each answer bears: the term of the last entry that
/// the answering server has applied. Had another leader been elected before the keep-alive was
/// handled, then the read, which was asked later, would have been confirmed in that leader's term,
/// and the term of a keep-alive is at most that of the leader that has handled it. So with the same
/// term on both the lease was prolonged at the one leader that there was. A leader that is elected
/// later lets each lease live for its full ttl anew.
/// </para>
/// <para>
/// The holder counts from before the keep-alive was sent. Nothing else gives signs of life, lest a
/// holder that hangs keeps its lease for ever. Any process of a holder may prolong its lease: the
/// key tells which etcd lease it goes with.
/// </para>
/// </remarks>
internal sealed class LeaseKeeper(EtcdClient client, TimeProvider clock)
{
    /// <summary>The etcd lease of each cluster whose lease was taken or renewed here.</summary>
    private readonly ConcurrentDictionary<string, Known> _leases = new(StringComparer.Ordinal);

    /// <summary>
    /// Begins an etcd lease that lives for at least this long; null: unknown. A lease that is not
    /// used runs out.
    /// </summary>
    /// <exception cref="InvalidOperationException">Etcd has granted a shorter one.</exception>
    public async ValueTask<(long Id, long CountedFrom)?> GrantAsync(TimeSpan ttl, CancellationToken token)
    {
        var from = clock.GetTimestamp();
        var answer = await client.GrantAsync((long)Math.Ceiling(ttl.TotalSeconds), token).ConfigureAwait(false);
        if (answer is null)
        {
            return null;
        }

        return TimeSpan.FromSeconds(answer.TTL) >= ttl
            ? (answer.ID, from)
            : throw new InvalidOperationException(
                $"The lease is to last {ttl.TotalMilliseconds:0} ms, and etcd grants {answer.TTL} s. Lower the lease "
                    + "(Ttl)."
            );
    }

    /// <summary>Remembers with which etcd lease the lease of a cluster goes.</summary>
    public void Keep(string cluster, string holder, long epoch, long lease) =>
        _leases[cluster] = new Known(holder, epoch, lease);

    /// <summary>One attempt; null: unknown.</summary>
    public async ValueTask<RenewResult?> RenewAsync(
        ClusterKeys keys,
        string cluster,
        string holder,
        long epoch,
        CancellationToken token
    )
    {
        if (!_leases.TryGetValue(cluster, out var known) || known.Holder != holder || known.Epoch != epoch)
        {
            if (await keys.ReadAsync(client, token).ConfigureAwait(false) is not { } found)
            {
                return null;
            }

            if (!found.IsHeldBy(holder, epoch))
            {
                return new RenewResult.Lost();
            }

            known = new Known(holder, epoch, found.Lease);
        }

        var from = clock.GetTimestamp();
        var kept = await client.KeepAliveAsync(known.Lease, token).ConfigureAwait(false);
        if (kept is null || await keys.ReadAsync(client, token).ConfigureAwait(false) is not { } state)
        {
            return null;
        }

        if (!state.IsHeldBy(holder, epoch))
        {
            _leases.TryRemove(KeyValuePair.Create(cluster, known));
            return new RenewResult.Lost();
        }

        if (kept.TTL <= 0 || state.Lease != known.Lease || state.Term != kept.Header.RaftTerm)
        {
            _leases.TryRemove(KeyValuePair.Create(cluster, known));
            return null;
        }

        _leases[cluster] = known;
        var life = TimeSpan.FromSeconds(kept.TTL);
        return new RenewResult.Renewed(from, life < state.Ttl ? life : state.Ttl);
    }

    private readonly record struct Known(string Holder, long Epoch, long Lease);
}
