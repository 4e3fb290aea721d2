using ClusterSession.Failover.Diagnostics;
using DotNext.Net.Cluster.Consensus.Raft;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Failover.Raft;

/// <summary>
/// What a server does beside serving: becomes a voter, and watches whether the others are fed.
/// </summary>
internal sealed class Upkeep(
    IRaftCluster cluster,
    MapStateMachine map,
    VoteGate gate,
    PeerClient peers,
    RaftCoordinatorOptions options,
    ILogger logger
)
{
    private static readonly TimeSpan JoinInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan BarrierTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(500);

    private readonly Uri[] _others = [.. options.Members.Where(server => server != options.Self)];

    /// <summary>Ends when this server votes.</summary>
    public async Task JoinAsync(CancellationToken stopping)
    {
        while (!gate.IsOpen)
        {
            if (
                await HasWhatTheLeaderHasAsync(stopping).ConfigureAwait(false)
                || (options.Bootstrap && await NobodyHasDataAsync(stopping).ConfigureAwait(false))
            )
            {
                gate.Open();
                logger.ServerVotes();
                return;
            }

            await Task.Delay(JoinInterval, TimeProvider.System, stopping).ConfigureAwait(false);
        }
    }

    /// <summary>While this server leads, until it is stopped.</summary>
    public async Task WatchAsync(LeaseLeader leader, CancellationToken stopping)
    {
        var watch = new StallWatch(options.StallTimeout, TimeProvider.System);
        while (true)
        {
            await Task.Delay(WatchInterval, TimeProvider.System, stopping).ConfigureAwait(false);
            if (!leader.IsLeading)
            {
                watch.Clear();
                continue;
            }

            // What was applied before the servers are asked: what comes meanwhile they need not
            // have.
            var committed = map.AppliedIndex;
            foreach (var server in _others)
            {
                var status = await peers.StatusAsync(server, stopping).ConfigureAwait(false);
                if (!leader.IsLeading)
                {
                    // The next leader watches. Asked to resign now, this server would pass the
                    // request on to that leader.
                    break;
                }

                if (watch.IsStalled(server, status, committed))
                {
                    logger.LeaderResigns(server, status!.AppliedIndex, options.StallTimeout);
                    await cluster.ResignAsync(stopping).ConfigureAwait(false);
                    watch.Clear();
                    break;
                }
            }
        }
    }

    private async Task<bool> HasWhatTheLeaderHasAsync(CancellationToken stopping)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        limit.CancelAfter(BarrierTimeout);
        try
        {
            await cluster.ApplyReadBarrierAsync(ReadBarrierType.Strong, limit.Token).ConfigureAwait(false);
            return true;
        }
        catch (Exception failure) when (failure is not ObjectDisposedException && !stopping.IsCancellationRequested)
        {
            return false; // No leader, or not fed yet. It is asked again.
        }
    }

    /// <summary>
    /// Whether this server and both others respond and have no entry: then nothing was ever
    /// acknowledged. A server that is not responding may have data.
    /// </summary>
    private async Task<bool> NobodyHasDataAsync(CancellationToken stopping)
    {
        if (cluster.AuditTrail.LastEntryIndex > 0)
        {
            return false;
        }

        foreach (var server in _others)
        {
            var status = await peers.StatusAsync(server, stopping).ConfigureAwait(false);
            if (status is not { IsRunning: true, LastIndex: 0 })
            {
                return false;
            }
        }

        return true;
    }
}
