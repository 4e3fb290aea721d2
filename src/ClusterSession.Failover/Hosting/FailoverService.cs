using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Diagnostics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Failover.Hosting;

/// <summary>
/// Runs the agent. What fails in a step is logged, and the agent looks again: its loop never ends
/// by itself.
/// </summary>
/// <remarks>
/// At a stop nothing is released: the lease may not be another's while the Redis is open, and the
/// Redis is closed by its record, which runs out when nobody extends it. An agent that is started
/// again before that goes on with its lease.
/// </remarks>
/// <param name="agent">The agent.</param>
/// <param name="pause">How long it waits after a failure.</param>
/// <param name="time">The clock of the pause.</param>
/// <param name="logger">Gets the first failure, then at most one in ten seconds.</param>
internal sealed class FailoverService(FailoverAgent agent, TimeSpan pause, TimeProvider time, ILogger logger)
    : BackgroundService
{
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(10);

    private long? _loggedAt;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await agent.RunAsync(stoppingToken).ConfigureAwait(false);
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                Log(failure);
            }

            await Task.Delay(pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Log(Exception failure)
    {
        if (_loggedAt is { } last && time.GetElapsedTime(last) < LogInterval)
        {
            return;
        }

        _loggedAt = time.GetTimestamp();
        logger.AgentFailed(failure, failure.Message, pause);
    }
}
