using ClusterSession.Failover.Agents;
using Microsoft.Extensions.Hosting;

namespace ClusterSession.Failover.Tracking;

/// <summary>
/// Keeps the tracked file true: at each decision of the agent, and by a timer where the agent
/// stands still. It begins and ends with "no master".
/// </summary>
/// <param name="file">The file; null: none is asked for.</param>
/// <param name="agent">Decides.</param>
/// <param name="pause">Between two looks of the timer.</param>
/// <param name="time">The timer's clock.</param>
internal sealed class TrackFileService(TrackFile? file, FailoverAgent agent, TimeSpan pause, TimeProvider time)
    : BackgroundService
{
    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        file?.End();
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (file is null)
        {
            return;
        }

        file.Show();
        agent.OnDecided(file.Show);
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            file.Show();
        }
    }
}
