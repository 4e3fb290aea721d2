using ClusterSession.Failover.Diagnostics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Cli.Watching;

/// <summary>Looks again and again, for as long as the process runs.</summary>
/// <param name="lookout">Looks.</param>
/// <param name="watch">Answers by what was seen.</param>
/// <param name="interval">How often.</param>
/// <param name="time">Counts pauses.</param>
/// <param name="clock">The clock of <paramref name="watch"/>.</param>
/// <param name="logger">Gets what has changed.</param>
internal sealed class SentinelWatchService(
    SiteLookout lookout,
    SentinelWatch watch,
    TimeSpan interval,
    TimeProvider time,
    TimeProvider clock,
    ILogger logger
) : BackgroundService
{
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(10);

    private readonly SiteChangeLog _changes = new(logger);
    private long? _loggedAt;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(interval, time);
        try
        {
            do
            {
                await LookAsync(stoppingToken).ConfigureAwait(false);
            } while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // It is stopped.
        }
    }

    private async Task LookAsync(CancellationToken cancellation)
    {
        var began = clock.GetTimestamp();
        try
        {
            watch.Took(await lookout.LookAsync(cancellation).ConfigureAwait(false), began);
            _changes.Looked(watch.Look!.Facts);
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested)
        {
            if (_loggedAt is not { } last || time.GetElapsedTime(last) >= LogInterval)
            {
                _loggedAt = time.GetTimestamp();
                logger.WatchFailed(failure, failure.Message, interval);
            }
        }
    }
}
