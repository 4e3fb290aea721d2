using ClusterSession.Local;
using ClusterSession.Stores;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace ClusterSession.Ends;

/// <summary>
/// Announces what ended here, reads what the other nodes have announced, and ends again what came
/// back.
/// </summary>
internal sealed class EndsService(
    SharedEnds shared,
    KnownEnds ends,
    IOptions<ClusterSessionOptions> options,
    TimeProvider time
) : BackgroundService
{
    /// <summary>
    /// The first end is announced at once. What ends within this time afterwards is announced
    /// together, however many sessions somebody begins and ends.
    /// </summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(25);

    private static readonly TimeSpan Glance = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ForgetInterval = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            ends.Wake();
            await Task.WhenAll(SyncAsync(stoppingToken), GlanceAsync(stoppingToken), ForgetAsync(stoppingToken))
                .ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node is shutting down: the journal sends the last ends.
        }
    }

    private async Task SyncAsync(CancellationToken stopping)
    {
        while (true)
        {
            await ends.WaitForWorkAsync(stopping).ConfigureAwait(false);
            await shared.EndAgainAsync().WaitAsync(stopping).ConfigureAwait(false);
            var failure = await shared.SyncAsync().WaitAsync(stopping).ConfigureAwait(false);
            await Task.Delay(failure == StoreFailure.None ? Pace : options.Value.Outage.ProbeInterval, time, stopping)
                .ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Has the ends read every second while the store does not announce changes of them. They are
    /// read once a touch interval in any case, as the copies in use are confirmed.
    /// </summary>
    private async Task GlanceAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(Glance, time);
        var lastAt = time.GetTimestamp();
        while (await timer.WaitForNextTickAsync(stopping).ConfigureAwait(false))
        {
            if (!shared.IsAnnounced || time.GetElapsedTime(lastAt) >= options.Value.EffectiveTouchInterval)
            {
                lastAt = time.GetTimestamp();
                shared.OnChanged();
            }
        }
    }

    private async Task ForgetAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(ForgetInterval, time);
        while (await timer.WaitForNextTickAsync(stopping).ConfigureAwait(false))
        {
            ends.Forget();
        }
    }
}
