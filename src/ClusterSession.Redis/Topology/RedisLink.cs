using ClusterSession.Redis.Connection;
using ClusterSession.Transport.Links;
using ClusterSession.Transport.Options;
using ClusterSession.Transport.Pipelines;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Redis.Topology;

/// <summary>
/// Keeps one place of the topology connected, and remembers which server was there. Thread-safe.
/// </summary>
/// <remarks>
/// The selector knows which server is to be connected to: by a list of endpoints, the sentinels or
/// the slot map. What is lost with a server is seen by comparing the next server with it. So the
/// identity of a server outlives the connection to it.
/// </remarks>
internal sealed class RedisLink : ILinkObserver<RedisConnection>, IAsyncDisposable
{
    private readonly ReconnectingLink<RedisConnection> _link;
    private readonly RedisConnector _connector;
    private readonly IRedisTopologyObserver? _observer;

    // Who was there last; written by the link's loop only.
    private RedisServerIdentity? _previous;

    /// <summary>A link that has not begun to connect.</summary>
    /// <param name="selector">Says whom to connect to; used by this link only. Its text names the
    /// place in messages.</param>
    /// <param name="connector">Makes the connections.</param>
    /// <param name="time">Clock of all deadlines.</param>
    /// <param name="random">Used by this link's loop only.</param>
    /// <param name="observer">Hears of connections made and lost.</param>
    /// <param name="previous">Who was in this place before this link, if anybody.</param>
    /// <param name="maxDelay">Longest pause between attempts; default: as the options say.</param>
    /// <param name="partition">Which partition of the keys it serves.</param>
    public RedisLink(
        IEndpointSelector<RedisConnection> selector,
        RedisConnector connector,
        TimeProvider time,
        Random random,
        IRedisTopologyObserver? observer,
        RedisServerIdentity? previous = null,
        TimeSpan? maxDelay = null,
        int partition = 0
    )
    {
        var options = connector.Options.ForTransport();
        _link = new ReconnectingLink<RedisConnection>(
            selector,
            ConnectAsync,
            options with
            {
                ReconnectMaxDelay = maxDelay ?? options.ReconnectMaxDelay,
            },
            time,
            random,
            this
        );
        _connector = connector;
        _observer = observer;
        _previous = previous;
        Partition = partition;
    }

    /// <summary>Which partition of the keys it serves.</summary>
    public int Partition { get; }

    /// <summary>Who is, or was last, in this place; null if nobody was reached yet.</summary>
    public RedisServerIdentity? LastServer => Volatile.Read(ref _previous);

    /// <inheritdoc cref="ReconnectingLink{TConnection}.Current"/>
    public RedisConnection? Current => _link.Current;

    /// <inheritdoc cref="ReconnectingLink{TConnection}.LastFailure"/>
    public ConnectException? LastFailure => _link.LastFailure;

    /// <summary>Begins connecting. Called once.</summary>
    public void Start() => _link.Start();

    /// <inheritdoc cref="ReconnectingLink{TConnection}.GetAsync"/>
    public ValueTask<RedisConnection> GetAsync(CancellationToken cancellationToken) =>
        _link.GetAsync(cancellationToken);

    /// <inheritdoc cref="ReconnectingLink{TConnection}.RetryNow"/>
    public void RetryNow() => _link.RetryNow();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _link.DisposeAsync();

    void ILinkObserver<RedisConnection>.OnConnected(RedisConnection connection)
    {
        var previous = _previous;
        Volatile.Write(ref _previous, connection.Server);
        _observer?.OnConnected(connection, previous);
    }

    void ILinkObserver<RedisConnection>.OnDisconnected(RedisConnection connection, ConnectionException reason) =>
        _observer?.OnDisconnected(connection, reason);

    void ILinkObserver<RedisConnection>.OnConnectFailed(ServerAddress address, ConnectException failure) =>
        _observer?.OnConnectFailed(RedisEndpoint.At(address), failure);

    private async Task<RedisConnection> ConnectAsync(ServerAddress address, CancellationToken cancellationToken)
    {
        var endpoint = RedisEndpoint.At(address);
        var connection = await _connector.ConnectAsync(endpoint, cancellationToken).ConfigureAwait(false);
        connection.Partition = Partition;
        return connection;
    }
}
