using ClusterSession.Transport.Options;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Redis.Connection;

/// <summary>
/// Makes connections to Redis: socket, TLS, handshake, all within the connect timeout. Thread-safe.
/// </summary>
internal sealed class RedisConnector : IProtocol<RedisConnection>
{
    private readonly TimeProvider _time;
    private readonly IRedisPushHandler? _pushHandler;
    private readonly RedisHandshakeOptions _handshake;
    private readonly Connector<RedisConnection> _connector;

    /// <summary>A connector of a copy of these options.</summary>
    public RedisConnector(
        RedisOptions options,
        TimeProvider time,
        IRedisPushHandler? pushHandler,
        RedisHandshakeOptions handshake
    )
    {
        Options = options.Snapshot();
        (_time, _pushHandler, _handshake) = (time, pushHandler, handshake);
        _connector = new Connector<RedisConnection>(Options.ForTransport(), time, this);
    }

    /// <summary>The options, unchangeable from outside.</summary>
    public RedisOptions Options { get; }

    /// <summary>Connects to one endpoint.</summary>
    /// <exception cref="ConnectException">It did not work; says why, and what can be done about
    /// it.</exception>
    /// <exception cref="OperationCanceledException">The caller's token was cancelled.</exception>
    public Task<RedisConnection> ConnectAsync(RedisEndpoint endpoint, CancellationToken cancellationToken) =>
        _connector.ConnectAsync(endpoint.Address, cancellationToken);

    RedisConnection IProtocol<RedisConnection>.Create(Stream stream, ServerAddress address) =>
        new(stream, RedisEndpoint.At(address), Options, _time, _pushHandler);

    Task IProtocol<RedisConnection>.GreetAsync(RedisConnection connection, CancellationToken cancellationToken) =>
        RedisHandshake.RunAsync(connection, Options, _handshake, cancellationToken);
}
