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

    // Where nobody announces that the ring has changed, it is asked for that often.
    private static readonly TimeSpan Glance = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            using var timer = new PeriodicTimer(Interval, time);
            var tick = timer.WaitForNextTickAsync(stoppingToken).AsTask();
            var change = ring.WaitForChangeAsync(stoppingToken);
            while (true)
            {
                if (change.IsCompleted)
                {
                    change = ring.WaitForChangeAsync(stoppingToken); // What changes meanwhile is read next.
                }

                // Keys may have been revoked, or are being restored by another node: this one asks
                // until it knows.
                var isKnown = await ring.RefreshAsync(stoppingToken).WaitAsync(stoppingToken).ConfigureAwait(false);
                do
                {
                    var pause = Task.Delay(isKnown ? Glance : options.Value.Outage.ProbeInterval, time, stoppingToken);
                    await Task.WhenAny(pause, tick, change).ConfigureAwait(false);
                    stoppingToken.ThrowIfCancellationRequested();
                } while (isKnown && ring.IsAnnounced && !tick.IsCompleted && !change.IsCompleted);

                if (tick.IsCompleted)
                {
                    tick = timer.WaitForNextTickAsync(stoppingToken).AsTask();
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node is shutting down.
        }
    }
}
