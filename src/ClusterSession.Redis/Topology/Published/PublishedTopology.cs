using System.Diagnostics.CodeAnalysis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Connection.Fencing;
using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Redis.Topology.Published;

/// <summary>The master that the agents have published, for all keys. Thread-safe.</summary>
internal sealed class PublishedTopology : IRedisTopology, IDirectoryListener
{
    private static readonly TimeSpan MaxDelay = TimeSpan.FromMilliseconds(100);

    private readonly IMasterDirectory _directory;
    private readonly PublishedEndpointSelector _selector;
    private readonly RedisLink _link;
    private readonly IRedisTopologyObserver? _observer;

    /// <summary>A topology that has not begun to connect.</summary>
    /// <param name="options">How servers are spoken to.</param>
    /// <param name="directory">Where the master is published; disposed with this.</param>
    /// <param name="time">Clock of all deadlines.</param>
    /// <param name="random">Used by the link's loop only.</param>
    /// <param name="pushHandler">Takes invalidations; null: reads are not tracked.</param>
    /// <param name="observer">Hears of connections made and lost.</param>
    /// <param name="leaseKey">Where the lease record is; null: the published master is taken at the
    /// directory's word.</param>
    public PublishedTopology(
        RedisOptions options,
        IMasterDirectory directory,
        TimeProvider time,
        Random random,
        IRedisPushHandler? pushHandler,
        IRedisTopologyObserver? observer,
        byte[]? leaseKey
    )
    {
        (_directory, _observer) = (directory, observer);
        _selector = new PublishedEndpointSelector(
            directory.Place,
            options.ConnectTimeout,
            leaseKey is null ? null : new LeaseAdmission(leaseKey, "zookeeper"),
            time
        );
        var handshake = new RedisHandshakeOptions(Tracking: pushHandler is not null, RequiredRole: RedisRole.Master);
        _link = new RedisLink(
            _selector,
            new RedisConnector(options, time, pushHandler, handshake),
            time,
            random,
            observer,
            maxDelay: options.ReconnectMaxDelay < MaxDelay ? options.ReconnectMaxDelay : MaxDelay
        );
    }

    /// <inheritdoc/>
    public void Start()
    {
        _directory.Start(this);
        _link.Start();
    }

    /// <inheritdoc/>
    public bool TryGetConnection(ReadOnlySpan<byte> key, [NotNullWhen(true)] out RedisConnection? connection) =>
        (connection = _link.Current) is not null;

    /// <inheritdoc/>
    public ValueTask<RedisConnection> GetConnectionAsync(
        ReadOnlyMemory<byte> key,
        CancellationToken cancellationToken
    ) => _link.GetAsync(cancellationToken);

    /// <inheritdoc/>
    public void ReportError(RedisConnection connection, RedisErrorKind kind, string? text = null)
    {
        if (kind is RedisErrorKind.ReadOnly or RedisErrorKind.MasterDown or RedisErrorKind.Fenced)
        {
            connection.Close($"the server is no master any more ({kind}).");
        }
    }

    /// <inheritdoc/>
    public void Published(PublishedMaster published)
    {
        _selector.Published(published);
        _link.RetryNow();
        Found();
    }

    /// <inheritdoc/>
    public void Missing(ConnectException reason)
    {
        _selector.Missing(reason);
        _observer?.OnDirectoryLost(RedisEndpoint.At(_directory.Place), reason);
    }

    /// <inheritdoc/>
    public void Found() => _observer?.OnDirectoryFound(RedisEndpoint.At(_directory.Place));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _link.DisposeAsync().ConfigureAwait(false);
        await _directory.DisposeAsync().ConfigureAwait(false);
    }
}
