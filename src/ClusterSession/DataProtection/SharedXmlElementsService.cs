using ClusterSession.Diagnostics;
using ClusterSession.Recovery;
using ClusterSession.Stores;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.DataProtection;

/// <summary>
/// Reads the keys of Data Protection before the host starts and whenever they have changed, and
/// sends what was added here until the store has it.
/// </summary>
internal sealed class SharedXmlElementsService(
    SharedXmlElements elements,
    StoreStart start,
    IServiceProvider services,
    IOptions<ClusterSessionOptions> options,
    TimeProvider time,
    ILogger<SharedXmlElements> logger
) : BackgroundService, IHostedLifecycleService
{
    private const string Purpose = "ClusterSession.DataProtection.Ring";

    /// <summary>
    /// Data Protection wants its keys when the host starts; they are there then, unless the store
    /// does not respond in its time.
    /// </summary>
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        await start.BeginAsync().ConfigureAwait(false);
        if (await elements.SyncAsync().ConfigureAwait(false) != StoreFailure.None)
        {
            elements.OnChanged();
        }
    }

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        if (
            services.GetService<IHostEnvironment>() is { } environment
            && !environment.IsDevelopment()
            && services.GetRequiredService<IOptions<KeyManagementOptions>>().Value.XmlEncryptor is null
        )
        {
            logger.DataProtectionKeysPlain(environment.EnvironmentName);
        }

        return Task.CompletedTask;
    }

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
        var limit = new StoreDeadline(time, options.Value.Outage.HardTimeout);
        if (
            elements.HasUnsent
            && await limit.LimitAsync(new(elements.SyncAsync()), StoreFailure.Unknown).ConfigureAwait(false)
                != StoreFailure.None
        )
        {
            logger.DataProtectionKeysNotStored();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var used = 0;
        try
        {
            while (true)
            {
                await elements.WaitForWorkAsync(stoppingToken).ConfigureAwait(false);
                var failure = await elements.SyncAsync().WaitAsync(stoppingToken).ConfigureAwait(false);
                if (elements.Changes is var changes && changes != used)
                {
                    used = changes;
                    UseRing();
                }

                if (failure != StoreFailure.None)
                {
                    elements.OnChanged();
                    await Task.Delay(options.Value.Outage.ProbeInterval, time, stoppingToken).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node is shutting down: StopAsync sends what is left.
        }
    }

    /// <summary>
    /// The first use of a ring that has expired still gets the old one, and has the new one made:
    /// that use is this one, and not a request's.
    /// </summary>
    private void UseRing()
    {
        try
        {
            services.GetRequiredService<IDataProtectionProvider>().CreateProtector(Purpose).Protect([0]);
        }
        catch (Exception) // Whatever keeps Data Protection from working shows where it is used, and in its own log.
        {
            // The next use makes the ring.
        }
    }
}
