using ClusterSession.Documents;
using ClusterSession.Stores;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace ClusterSession.Revoking;

/// <summary>
/// Reads the revocations at start and after each change, announces that this node has, and sends
/// what the store has not taken, until it does.
/// </summary>
internal sealed class RevocationService(
    Revocations revocations,
    NodePresence presence,
    IOptions<ClusterSessionOptions> options,
    TimeProvider time
) : BackgroundService
{
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
        var leaving = presence.LeaveAsync();
        await Task.WhenAny(leaving, Task.Delay(options.Value.Outage.SoftTimeout, time, cancellationToken))
            .ConfigureAwait(false); // A courtesy: it is forgotten after a while in any case.
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            revocations.Wake();
            await Task.WhenAll(SyncAsync(stoppingToken), MaintainAsync(stoppingToken)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node is shutting down. An end that was not sent was not acknowledged.
        }
    }

    private async Task SyncAsync(CancellationToken stopping)
    {
        while (true)
        {
            await revocations.WaitForWorkAsync(stopping).ConfigureAwait(false);
            if (await revocations.SyncAsync().WaitAsync(stopping).ConfigureAwait(false) == StoreFailure.None)
            {
                await presence
                    .AnnounceAsync(revocations.Position, isRenewal: false)
                    .WaitAsync(stopping)
                    .ConfigureAwait(false);
            }
            else
            {
                await Task.Delay(options.Value.Outage.ProbeInterval, time, stopping).ConfigureAwait(false);
            }
        }
    }

    private async Task MaintainAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(NodePresence.Interval, time);
        while (await timer.WaitForNextTickAsync(stopping).ConfigureAwait(false))
        {
            await revocations.MaintainAsync().WaitAsync(stopping).ConfigureAwait(false);
            await presence
                .AnnounceAsync(revocations.Position, isRenewal: true)
                .WaitAsync(stopping)
                .ConfigureAwait(false);
        }
    }
}
