using Microsoft.Extensions.Hosting;

namespace ClusterSession.Stores.Outage;

/// <summary>Background work that ends after the last request, and then does what is left.</summary>
/// <remarks>
/// The order in which a host stops its services says nothing of the web server, which may be the
/// last (a generic host registers it first, and <c>ServicesStopConcurrently</c> has no order):
/// until it has stopped there are requests, and each may add to the work. So this drains in
/// <see cref="StoppedAsync"/>, when everything else of the host has stopped. A host that knows
/// nothing of that (WebHost) has stopped its server before it stops services.
/// </remarks>
internal abstract class DrainingService : BackgroundService, IHostedLifecycleService
{
    private bool _hasStoppedAsync;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        _hasStoppedAsync = true;
        return Task.CompletedTask;
    }

    public sealed override Task StopAsync(CancellationToken cancellationToken) =>
        _hasStoppedAsync ? Task.CompletedTask : StoppedAsync(cancellationToken);

    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
        await DrainAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>There are no requests any more, and the background work has ended.</summary>
    /// <param name="cancellationToken">The host waits no longer.</param>
    protected abstract Task DrainAsync(CancellationToken cancellationToken);
}
