using ClusterSession.Stores;
using Microsoft.Extensions.Hosting;

namespace ClusterSession.Recovery;

/// <summary>
/// Lets the store connect, once: when the first pipeline is built, or when the host starts, so that
/// a process without a pipeline (a worker that ends sessions) has a store too.
/// </summary>
internal sealed class StoreStart(IClusterSessionStore store, StoreRecovery recovery) : IHostedLifecycleService
{
    private int _isStarted;

    /// <summary>Lets it connect, unless it was called before. Thread-safe.</summary>
    public void Start()
    {
        if (Interlocked.Exchange(ref _isStarted, 1) == 0)
        {
            store.Observe(recovery);
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        Start();
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
