using System.Security.Cryptography;
using System.Text;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Topology;
using ClusterSession.Redis.Topology.Detection;
using ClusterSession.Stores;
using ClusterSession.Transport.Pipelines;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Redis.Store;

/// <summary>
/// Frames by PUBLISH on one Redis channel, over connections of its own, which are made when
/// somebody listens. Thread-safe.
/// </summary>
/// <remarks>
/// <code>
/// {prefix}:1:nodes     8 random bytes of the sending process, then the frame
/// </code>
/// A cluster passes on to all of its nodes what is published at one of them. The channel subscribes
/// at each master, so that it goes on at another one when one is lost. It takes the frames that
/// come over the first of these connections.
/// </remarks>
internal sealed class RedisChannel : IStoreChannel, IRedisPushHandler, IRedisTopologyObserver, IAsyncDisposable
{
    private const int SenderLength = 8;

    private readonly Lock _gate = new();
    private readonly List<RedisConnection> _subscribed = []; // under _gate; the first one's frames are taken
    private readonly byte[] _name;
    private readonly byte[] _sender = RandomNumberGenerator.GetBytes(SenderLength);
    private readonly TimeProvider _time;
    private readonly Func<RedisOptions, IRedisTopology> _create;
    private RedisOptions _options; // under _gate
    private volatile MovableTopology? _topology; // set under _gate
    private volatile IStoreChannelListener? _listener;
    private volatile bool _isRefused; // set under _gate: nobody lets this node subscribe

    public RedisChannel(RedisOptions options, string name, TimeProvider time, Random random)
    {
        _name = Encoding.UTF8.GetBytes(name);
        _time = time;
        _create = to => RedisTopology.Create(to, time, random, this, this);
        _options = options;
    }

    public ValueTask ListenAsync(IStoreChannelListener listener, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(listener);
        lock (_gate)
        {
            if (_topology is null)
            {
                _listener = listener;
                _topology = new MovableTopology(_create(_options), _time, static () => { });
                _topology.Start();
            }
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Goes over to other servers, as the store does.</summary>
    public void MoveTo(RedisOptions options)
    {
        lock (_gate)
        {
            _isRefused = false;
            _options = options;
            _topology?.MoveTo(_create(options));
        }
    }

    public async ValueTask<StoreFailure> PublishAsync(ReadOnlyMemory<byte> frame, StoreDeadline deadline)
    {
        ArgumentOutOfRangeException.ThrowIfZero(frame.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(frame.Length, IStoreChannel.MaxBytes);
        if (_isRefused)
        {
            return StoreFailure.Refused; // Its connections are closed as soon as they are made.
        }

        if (_topology is not { } topology || !topology.TryGetConnection(_name, out var connection))
        {
            return StoreFailure.Unreachable;
        }

        try
        {
            var publish = new RedisCommand("PUBLISH"u8.ToArray(), _name, [.. _sender, .. frame.Span]);
            var reply = connection.SendAsync(publish).AsTask();
            await (deadline.IsNone ? reply : reply.WaitAsync(deadline.Left, _time)).ConfigureAwait(false);
            return StoreFailure.None;
        }
        catch (RedisServerException refusal)
        {
            topology.ReportError(connection, refusal.Kind, refusal.Text);
            return StoreFailure.Refused;
        }
        catch (ConnectionException lost)
        {
            return lost.Sent ? StoreFailure.Unknown : StoreFailure.Unreachable;
        }
        catch (TimeoutException)
        {
            return StoreFailure.Unknown;
        }
    }

    public ValueTask DisposeAsync() => _topology?.DisposeAsync() ?? ValueTask.CompletedTask;

    void IRedisPushHandler.OnMessage(RedisConnection connection, ReadOnlySpan<byte> channel, ReadOnlySpan<byte> payload)
    {
        if (
            payload.Length > SenderLength
            && channel.SequenceEqual(_name)
            && !payload[..SenderLength].SequenceEqual(_sender)
            && IsFirst(connection)
        )
        {
            _listener?.OnFrame(payload[SenderLength..]);
        }
    }

    void IRedisPushHandler.OnInvalidate(RedisConnection connection, ReadOnlySpan<byte> key) { }

    void IRedisPushHandler.OnInvalidateAll(RedisConnection connection) { }

    void IRedisTopologyObserver.OnConnected(RedisConnection connection, RedisServerIdentity? previous) =>
        _ = SubscribeAsync(connection);

    void IRedisTopologyObserver.OnDisconnected(RedisConnection connection, ConnectionException reason)
    {
        bool isOther;
        lock (_gate)
        {
            isOther = _subscribed.IndexOf(connection) == 0 && _subscribed.Count > 1;
            _subscribed.Remove(connection);
        }

        if (isOther)
        {
            _listener?.OnConnected(); // What came over the other one until now was not taken.
        }
    }

    void IRedisTopologyObserver.OnConnectFailed(RedisEndpoint endpoint, ConnectException failure)
    {
        // The store says so of the same server.
    }

    private async Task SubscribeAsync(RedisConnection connection)
    {
        try
        {
            await connection.SendAsync(new RedisCommand("SUBSCRIBE"u8.ToArray(), _name)).ConfigureAwait(false);
        }
        catch (RedisServerException refusal)
        {
            lock (_gate)
            {
                _isRefused = refusal.Kind is RedisErrorKind.NoPerm or RedisErrorKind.Other && _subscribed.Count == 0;
            }

            connection.Close($"it does not let this node subscribe ({refusal.Kind}).");
            return;
        }
        catch (ConnectionException)
        {
            return; // The next connection subscribes.
        }

        bool isFirst;
        lock (_gate)
        {
            if (connection.IsClosed)
            {
                return;
            }

            _isRefused = false;
            _subscribed.Add(connection);
            isFirst = _subscribed.Count == 1;
        }

        if (isFirst)
        {
            _listener?.OnConnected();
        }
    }

    private bool IsFirst(RedisConnection connection)
    {
        lock (_gate)
        {
            return _subscribed.Count > 0 && ReferenceEquals(_subscribed[0], connection);
        }
    }
}
