using ClusterSession.Stores;
using Microsoft.Extensions.Hosting;

namespace ClusterSession.Recovery;

/// <summary>
/// Starts the store, once, before whatever else the host starts: with a pipeline or without one (a
/// worker that ends sessions). Data Protection may want its keys before that, and then starts it.
/// </summary>
internal sealed class StoreStart(IClusterSessionStore store, StoreRecovery recovery) : IHostedLifecycleService
{
    private readonly Lock _gate = new();
    private Task? _start;

    /// <summary>Starts it, unless that was done before. Thread-safe.</summary>
    public Task BeginAsync()
    {
        lock (_gate)
        {
            return _start ??= StartStoreAsync();
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken) => BeginAsync().WaitAsync(cancellationToken);

    /// <summary>For hosts that know nothing of <see cref="StartingAsync"/>.</summary>
    public Task StartAsync(CancellationToken cancellationToken) => StartingAsync(cancellationToken);

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task StartStoreAsync() =>
        await store.StartAsync(recovery, CancellationToken.None).ConfigureAwait(false);
}
