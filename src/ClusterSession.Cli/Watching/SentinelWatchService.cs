using ClusterSession.Failover.Diagnostics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Cli.Watching;

/// <summary>Looks again and again, for as long as the process runs.</summary>
/// <remarks>
/// After the first look without a majority it looks once more before the interval is over. Where
/// some Sentinels were late only once, this extra look ends while the last look with a majority
/// still counts, so that nobody who asks notices.
/// </remarks>
/// <param name="look">Looks.</param>
/// <param name="watch">Answers by what was seen.</param>
/// <param name="settings">How often.</param>
/// <param name="time">Counts pauses.</param>
/// <param name="clock">The clock of <paramref name="watch"/>.</param>
/// <param name="logger">Gets what has changed.</param>
internal sealed class SentinelWatchService(
    Func<CancellationToken, Task<SiteSight>> look,
    SentinelWatch watch,
    SentinelWatchSettings settings,
    TimeProvider time,
    TimeProvider clock,
    ILogger logger
) : BackgroundService
{
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(10);

    private readonly SiteChangeLog _changes = new(logger);
    private long? _loggedAt;

    private bool HasMajority => watch.Look is { Facts.Master: not null };

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(settings.Interval, time);
        try
        {
            do
            {
                var hadMajority = HasMajority;
                await LookAsync(stoppingToken).ConfigureAwait(false);
                if (hadMajority && !HasMajority)
                {
                    await Task.Delay(settings.Pause, time, stoppingToken).ConfigureAwait(false);
                    await LookAsync(stoppingToken).ConfigureAwait(false);
                }
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
            watch.Took(await look(cancellation).ConfigureAwait(false), began);
            _changes.Looked(watch.Look!.Facts);
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested)
        {
            if (_loggedAt is not { } last || time.GetElapsedTime(last) >= LogInterval)
            {
                _loggedAt = time.GetTimestamp();
                logger.WatchFailed(failure, failure.Message, settings.Interval);
            }
        }
    }
}
