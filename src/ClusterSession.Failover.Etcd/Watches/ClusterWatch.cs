using System.Runtime.CompilerServices;
using ClusterSession.Failover.Etcd.Client;
using ClusterSession.Failover.Etcd.Keys;
using ClusterSession.Failover.Leases;
using Mvccpb;

namespace ClusterSession.Failover.Etcd.Watches;

/// <summary>Follows what is written about one cluster, change by change.</summary>
/// <remarks>
/// It remembers the revision of the last change that it has handed on. After a lost connection it
/// watches from the next one on, at whichever server responds: etcd hands on what was changed
/// between. Where etcd has compacted that away, the cluster is read again, and watched from what
/// was read: changes between are lost then, and the last state is not.
/// </remarks>
internal sealed class ClusterWatch(EtcdClient client, ClusterKeys keys)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>The present state, then each change of it, until the caller has enough.</summary>
    /// <exception cref="InvalidDataException">The key is of another user, or of another
    /// release.</exception>
    public async IAsyncEnumerable<StoredCluster> FollowAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var last = -1L;
        var from = 0L;
        while (true)
        {
            if (from == 0 && await keys.ReadAsync(client, cancellationToken).ConfigureAwait(false) is { } state)
            {
                from = state.Revision + 1;
                if (state.ClusterRevision != last)
                {
                    last = state.ClusterRevision;
                    yield return state.Cluster;
                }
            }

            using var watch =
                from == 0
                    ? null
                    : await client.WatchAsync(keys.WatchFrom(from), cancellationToken).ConfigureAwait(false);
            while (watch is not null && await watch.NextAsync(cancellationToken).ConfigureAwait(false) is { } answer)
            {
                foreach (var change in answer.Events)
                {
                    last = change.Kv.ModRevision;
                    from = last + 1;
                    yield return change.Type == Event.Types.EventType.Put
                        ? StoredCluster.Decode(change.Kv.Value.Span)
                        : StoredCluster.None;
                }

                if (answer.Canceled)
                {
                    from = 0;
                    break;
                }
            }

            await Task.Delay(Pause, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        }
    }
}
