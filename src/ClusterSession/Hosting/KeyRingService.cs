using ClusterSession.Http.Cookies;
using Microsoft.Extensions.Hosting;

namespace ClusterSession.Hosting;

/// <summary>Reads the ring of cookie keys at start, and looks after it from then on. A store that is down does not keep the node from starting.</summary>
internal sealed class KeyRingService(KeyRingSource ring, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            using var timer = new PeriodicTimer(Interval, time);
            do
            {
                await ring.RefreshAsync(stoppingToken).ConfigureAwait(false);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node is shutting down.
        }
    }
}
