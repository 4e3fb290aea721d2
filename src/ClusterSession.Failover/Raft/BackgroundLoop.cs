using ClusterSession.Failover.Diagnostics;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Failover.Raft;

/// <summary>
/// Keeps what a server does in the background running: a failure, as with a full disk, is logged,
/// and the loop begins again after a pause.
/// </summary>
/// <param name="task">What it does, for the log.</param>
/// <param name="logger">Gets the first failure, then at most one in ten seconds.</param>
/// <param name="clock">Counts the pause.</param>
internal sealed class BackgroundLoop(string task, ILogger logger, TimeProvider clock)
{
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(10);

    private long? _loggedAt;

    /// <summary>Ends when the loop returns, or when it is stopped.</summary>
    public async Task RunAsync(Func<CancellationToken, Task> loop, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await loop(stopping).ConfigureAwait(false);
                return;
            }
            catch (Exception) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                Log(failure);
            }

            await Task.Delay(Pause, clock, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Log(Exception failure)
    {
        if (_loggedAt is { } last && clock.GetElapsedTime(last) < LogInterval)
        {
            return;
        }

        _loggedAt = clock.GetTimestamp();
        logger.BackgroundFailed(failure, task, failure.Message, Pause);
    }
}
