using ShopCluster.Nodes;
using ShopCluster.Processes;

namespace ShopCluster;

/// <summary>
/// All that the demo runs: the store, the nodes, the balancer, and the directory that they work in.
/// </summary>
internal sealed class DemoCluster : IAsyncDisposable
{
    private readonly WorkDirectory _directory = new();
    private readonly int _port;
    private DemoStore? _store;
    private NginxBalancer? _balancer;

    private DemoCluster(DemoOptions options, int[] ports)
    {
        _port = ports[0];
        StorePort = ports[1];
        var redis = options.WithoutStore ? null : $"127.0.0.1:{StorePort}";
        Nodes = [.. ports[2..].Select((port, index) => new ShopNode($"node-{index + 1}", port, redis, _directory))];
    }

    /// <summary>
    /// Names this run, so that a page that was open during an earlier one knows that its sessions
    /// are gone.
    /// </summary>
    public string Run { get; } = Guid.NewGuid().ToString("n");

    public IReadOnlyList<ShopNode> Nodes { get; }

    public int StorePort { get; }

    /// <summary>Where the shop is: the balancer.</summary>
    public Uri Address => new($"http://127.0.0.1:{_port}/");

    /// <summary>Starts the store, then the nodes.</summary>
    public static async Task<DemoCluster> StartAsync(DemoOptions options, CancellationToken cancellation)
    {
        int[] ports = [.. Enumerable.Range(0, 5).Select(_ => FreePort.Next())];
        if (options.Port != 0)
        {
            Ports.RequireFree(options.Port);
            ports[0] = options.Port;
        }

        var cluster = new DemoCluster(options, ports);
        try
        {
            cluster._store = await DemoStore.StartAsync(cluster.StorePort, cluster._directory);
            await Task.WhenAll(cluster.Nodes.Select(node => node.StartAsync(cancellation)));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Starts the balancer, which leads to the nodes and to the control endpoint.
    /// </summary>
    public async Task OpenAsync(int controlPort, CancellationToken cancellation) =>
        _balancer = await NginxBalancer.StartAsync(
            _port,
            Nodes.Select(node => node.Port),
            controlPort,
            _directory,
            cancellation
        );

    /// <summary>The state of the store.</summary>
    public Task<StoreStatus> StoreStatusAsync(CancellationToken cancellation) => _store!.LookAsync(cancellation);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_balancer is not null)
        {
            await _balancer.DisposeAsync();
        }

        foreach (var node in Nodes)
        {
            await node.DisposeAsync();
        }

        if (_store is not null)
        {
            await _store.DisposeAsync();
        }

        _directory.Dispose();
    }
}
