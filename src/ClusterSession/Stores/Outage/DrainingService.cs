using Microsoft.Extensions.Hosting;

namespace ClusterSession.Stores.Outage;

/// <summary>Background work that ends after the last request, and then does what is left.</summary>
/// <remarks>
/// The order in which a host stops its services says nothing of the web server, which may be the
/// last (a generic host registers it first, and <c>ServicesStopConcurrently</c> has no order):
/// until it has stopped there are requests, and each may add to the work. So this drains in
/// <see cref="StoppedAsync"/>, when everything else of the host has stopped. A host that knows
/// nothing of that (WebHost) has stopped its server before it stops services. Ending has one limit,
/// for what is under way and what is left together: each operation of a store that is not
/// responding may take seconds, and a node that drained for 2 s ended after 9 s without it.
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
        using var over = BeginStopping();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, cancellationToken);
        await base.StopAsync(either.Token).ConfigureAwait(false);
        await DrainAsync(either.Token).ConfigureAwait(false);
    }

    /// <summary>Begins to count the time that ending may take in all.</summary>
    protected abstract CancellationTokenSource BeginStopping();

    /// <summary>There are no requests any more, and the background work has ended.</summary>
    /// <param name="cancellationToken">The time is over, or the host waits no longer.</param>
    protected abstract Task DrainAsync(CancellationToken cancellationToken);
}
