using System.Diagnostics.CodeAnalysis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Signals;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Redis.Topology.Sentinel;

/// <summary>The master that the sentinels name, for all keys. Thread-safe.</summary>
/// <remarks>
/// <code>
///   poller of s1 --\                                    /--> link --> master
///   poller of s2 ---+-- answers --> view: newest --> selector: whom to connect to, whom to
///   poller of s3 --/                epoch                     leave
///                   (s3 was learnt from s1)
/// </code>
/// With all sentinels down the last known master is used on.
/// </remarks>
internal sealed class SentinelTopology : IRedisTopology, ISentinelListener, IRedisPushHandler
{
    // A sentinel can only be learnt from another; more than this is a mistake of somebody.
    private const int MaxSentinels = 64;
    private static readonly TimeSpan MaxDelay = TimeSpan.FromMilliseconds(100);

    private readonly RedisConnector _sentinels;
    private readonly SentinelEndpointSelector _selector;
    private readonly RedisLink _link;
    private readonly TimeProvider _time;

    // Guards the four below. Not held while calling out, except to start a poller.
    private readonly Lock _gate = new();
    private readonly Random _random;
    private readonly Dictionary<RedisEndpoint, SentinelPoller> _pollers = [];
    private readonly ChangeSignal _hint = new();
    private bool _isStopped;

    /// <summary>A topology that has not begun to connect.</summary>
    public SentinelTopology(
        RedisOptions options,
        TimeProvider time,
        Random random,
        IRedisPushHandler? pushHandler,
        IRedisTopologyObserver? observer
    )
    {
        Service = options.ServiceName
            ?? throw new ArgumentException(
                "ServiceName is missing: name the master as the sentinels know it.",
                nameof(options)
            );
        _time = time;
        _random = new Random(random.Next());
        _sentinels = new RedisConnector(
            options.ForSentinels(),
            time,
            this,
            new RedisHandshakeOptions(RequiredRole: RedisRole.Sentinel)
        );
        _selector = new SentinelEndpointSelector(
            Service,
            [.. options.Endpoints],
            options.ConnectTimeout,
            options.FenceTimeout,
            time,
            observer
        )
        {
            WhyNoSentinel = WhyNoSentinel,
            MasterLost = Hint,
        };
        var handshake = new RedisHandshakeOptions(Tracking: pushHandler is not null, RequiredRole: RedisRole.Master);
        _link = new RedisLink(
            _selector,
            new RedisConnector(options, time, pushHandler, handshake),
            time,
            random,
            observer,
            maxDelay: options.ReconnectMaxDelay < MaxDelay ? options.ReconnectMaxDelay : MaxDelay
        );
        foreach (var endpoint in options.Endpoints)
        {
            _pollers.TryAdd(endpoint, NewPoller(endpoint));
        }
    }

    /// <inheritdoc/>
    public string Service { get; }

    /// <inheritdoc/>
    public bool HasMaster => _link.Current is not null;

    /// <inheritdoc/>
    public Task NextHint => _hint.Next;

    /// <summary>The sentinels that are asked: those given, and those learnt from them.</summary>
    public IReadOnlyList<RedisEndpoint> Sentinels
    {
        get
        {
            lock (_gate)
            {
                return [.. _pollers.Keys];
            }
        }
    }

    /// <inheritdoc/>
    public void Start()
    {
        lock (_gate)
        {
            foreach (var poller in _pollers.Values)
            {
                poller.Start();
            }
        }

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
        if (kind is not (RedisErrorKind.ReadOnly or RedisErrorKind.MasterDown))
        {
            return;
        }

        connection.Close($"the server is no master any more ({kind}).");
        Hint();
    }

    /// <inheritdoc/>
    public void Answered(RedisEndpoint sentinel, SentinelAnswer answer)
    {
        var known = _selector.Answered(sentinel, answer, _link.RetryNow);
        lock (_gate)
        {
            foreach (var endpoint in known)
            {
                if (_isStopped || _pollers.Count >= MaxSentinels || _pollers.ContainsKey(endpoint))
                {
                    continue;
                }

                var poller = NewPoller(endpoint);
                _pollers.Add(endpoint, poller);
                poller.Start();
            }
        }
    }

    /// <inheritdoc/>
    public void Lost(RedisEndpoint sentinel) => _selector.Lost(sentinel);

    void IRedisPushHandler.OnInvalidate(RedisConnection connection, ReadOnlySpan<byte> key)
    {
        // Sentinels have no keys.
    }

    void IRedisPushHandler.OnInvalidateAll(RedisConnection connection)
    {
        // Sentinels have no keys.
    }

    void IRedisPushHandler.OnMessage(
        RedisConnection connection,
        ReadOnlySpan<byte> channel,
        ReadOnlySpan<byte> payload
    ) => Hint();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        List<SentinelPoller> pollers;
        lock (_gate)
        {
            _isStopped = true;
            pollers = [.. _pollers.Values];
        }

        await _link.DisposeAsync().ConfigureAwait(false);
        foreach (var poller in pollers)
        {
            await poller.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void Hint() => _hint.Set();

    private SentinelPoller NewPoller(RedisEndpoint endpoint) =>
        new(endpoint, this, _sentinels, _time, new Random(_random.Next()));

    private ConnectException? WhyNoSentinel()
    {
        lock (_gate)
        {
            return _pollers.Values.Any(poller => poller.LastFailure is null)
                ? null
                : _pollers
                    .Values.Select(poller => poller.LastFailure)
                    .FirstOrDefault(failure => failure is { NeedsOperator: true })
                    ?? _pollers.Values.First().LastFailure;
        }
    }
}
