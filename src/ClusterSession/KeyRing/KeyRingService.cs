using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace ClusterSession.KeyRing;

/// <summary>
/// Reads the ring of cookie keys at start and whenever it may have changed, and looks after it from
/// then on. A store that is down does not keep the node from starting.
/// </summary>
internal sealed class KeyRingService(KeyRingSource ring, IOptions<ClusterSessionOptions> options, TimeProvider time)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            using var timer = new PeriodicTimer(Interval, time);
            var tick = timer.WaitForNextTickAsync(stoppingToken).AsTask();
            var change = ring.WaitForChangeAsync(stoppingToken);
            await ring.RefreshAsync(stoppingToken).ConfigureAwait(false);
            while (true)
            {
                await Task.WhenAny(tick, change).ConfigureAwait(false);
                stoppingToken.ThrowIfCancellationRequested();
                if (change.IsCompleted)
                {
                    change = ring.WaitForChangeAsync(stoppingToken);
                    await ReadChangeAsync(stoppingToken).ConfigureAwait(false);
                }
                else
                {
                    tick = timer.WaitForNextTickAsync(stoppingToken).AsTask();
                    await ring.RefreshAsync(stoppingToken).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node is shutting down.
        }
    }

    /// <summary>Keys may have been revoked: this node asks until it knows.</summary>
    private async Task ReadChangeAsync(CancellationToken stoppingToken)
    {
        while (!await ring.RefreshAsync(stoppingToken).ConfigureAwait(false))
        {
            await Task.Delay(options.Value.Outage.ProbeInterval, time, stoppingToken).ConfigureAwait(false);
        }
    }
}
