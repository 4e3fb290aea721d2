using ClusterSession.Stores;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace ClusterSession.Sessions.Principals;

/// <summary>Reads the list of ended principals at start and whenever there is news, and sends what the store has not taken, until it does.</summary>
internal sealed class NotBeforeService(NotBefores notBefores, IOptions<ClusterSessionOptions> options, TimeProvider time) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            notBefores.Wake();
            while (true)
            {
                await notBefores.WaitForWorkAsync(stoppingToken).ConfigureAwait(false);
                if (await notBefores.SyncAsync().ConfigureAwait(false) != StoreFailure.None)
                {
                    await Task.Delay(options.Value.Outage.ProbeInterval, time, stoppingToken).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node is shutting down. An end that was not sent was not acknowledged.
        }
    }
}
