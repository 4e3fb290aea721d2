using ClusterSession.Failover.ZooKeeper.Nodes;
using ClusterSession.ZooKeeper;

namespace ClusterSession.Failover.ZooKeeper.Leases;

/// <summary>
/// The session for everything but leases. It has neither ephemeral nodes nor watches, so nothing is
/// lost with it: when it has expired, another one is begun.
/// </summary>
internal sealed class StoreClient(ZooKeeperOptions options) : IOrderedSession, IAsyncDisposable
{
    private readonly Lock _lock = new();
    private ZooKeeperClient? _client;
    private volatile bool _hasRoot;
    private bool _isDisposed;

    public async ValueTask<ZooKeeperResult<IReadOnlyList<NodeChangeResult>>> ChangeAsync(
        IEnumerable<NodeChange> changes,
        CancellationToken cancellationToken
    )
    {
        var client = Current();
        if (!_hasRoot)
        {
            var root = await client.EnsureAsync("/", cancellationToken).ConfigureAwait(false);
            if (root != ZooKeeperCode.Ok)
            {
                return new ZooKeeperResult<IReadOnlyList<NodeChangeResult>>(root, null);
            }

            _hasRoot = true;
        }

        return await client.ChangeAsync(changes, cancellationToken).ConfigureAwait(false);
    }

    public ValueTask<ZooKeeperResult<NodeData>> GetAsync(string path, CancellationToken cancellationToken) =>
        Current().GetAsync(path, null, cancellationToken);

    public ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _isDisposed = true;
            return _client?.DisposeAsync() ?? default;
        }
    }

    private ZooKeeperClient Current()
    {
        ZooKeeperClient? expired = null;
        ZooKeeperClient client;
        lock (_lock)
        {
            if (_client is null or { State: ZooKeeperState.Expired } && !_isDisposed)
            {
                expired = _client;
                _client = new ZooKeeperClient(options);
                _client.Start();
            }

            client = _client ?? throw new ObjectDisposedException(nameof(StoreClient));
        }

        // It has nothing to say to a server any more.
        _ = expired?.DisposeAsync().AsTask();
        return client;
    }
}
