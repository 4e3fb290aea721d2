using System.Security.Cryptography;
using ClusterSession.Records;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Connection.Fencing;
using ClusterSession.Redis.Diagnostics;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;
using ClusterSession.Redis.Scripts;
using ClusterSession.Redis.Store;
using ClusterSession.Redis.Topology;
using ClusterSession.Redis.Topology.Detection;
using ClusterSession.Stores;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Redis;

/// <summary>
/// Sessions in Redis or Valkey. The keys and fields are those of <see cref="RedisKeys"/>; each operation is one command:
/// </summary>
/// <remarks>
/// <code>
/// open            EVALSHA read.lua           every session a node reads is tracked (CLIENT TRACKING), and pushes on the same
/// revalidate      EVALSHA read.lua           connection tell of changes by others, in order with replies; with the remaining life
/// commit          EVALSHA commit.lua         only what changed; PEXPIRE if it would end too soon
/// new, repair     EVALSHA merge.lua          attribute by attribute
/// touch           EVALSHA touch.lua          at most one per session, node and touch interval
/// end             EVALSHA destroy.lua        leaves a tombstone that expires
/// shared values   GET, EVALSHA exchange.lua  key ring; tracked as sessions are
/// documents       EVALSHA document-*.lua     revocations, serving nodes; one change moves one element
/// replicas        WAIT, right behind the commit
/// </code>
/// How they are sent, and once more where that may help, is in <see cref="StoreRequestSender"/>. Thread-safe.
/// </remarks>
internal sealed class RedisSessionStore : IClusterSessionStore, IRedisPushHandler, IRedisTopologyObserver, IAsyncDisposable
{
    private readonly RedisKeys _keys;
    private readonly LeaseSource _leases;
    private readonly MovableTopology _topology;
    private readonly StoreRequestSender _requests;
    private readonly Func<RedisOptions, IRedisTopology> _create;
    private readonly ReplicationHistory _history = new();
    private readonly TimeProvider _time;
    private readonly TimeSpan _sampleInterval;
    private readonly ServerSettings _settings;
    private readonly PlainPasswords _passwords;
    private readonly FailureLog _failures;
    private readonly ILogger<RedisSessionStore> _logger;
    private readonly IDisposable? _watch; // calls MoveTo, where the configuration says where the servers are
    private IStoreObserver? _observer;

    public RedisSessionStore(
        RedisOptions options, string keyPrefix, TimeSpan lease, TimeProvider time, Random random,
        ILogger<RedisSessionStore> logger, Func<RedisSessionStore, IDisposable>? watch = null)
    {
        _keys = new RedisKeys(keyPrefix);
        _leases = new LeaseSource(lease);
        _logger = logger;
        _time = time;
        _sampleInterval = options.HeartbeatInterval;
        _settings = new ServerSettings(logger);
        _passwords = new PlainPasswords(logger);
        _passwords.Check(options);
        _failures = new FailureLog(logger, time);
        var writer = Convert.ToHexStringLower(BitConverter.GetBytes(random.NextInt64()));
        var generation = new GenerationKey(_keys.Shared("generation"), writer);
        _create = to => RedisTopology.Create(to, time, random, this, this, generation);
        _topology = new MovableTopology(_create(options), time, OnMoved);
        _requests = new StoreRequestSender(_topology, options.CommandTimeout, time, _failures);
        _watch = watch?.Invoke(this);
    }

    /// <inheritdoc/>
    public string Name => "redis";

    /// <inheritdoc/>
    public void Observe(IStoreObserver observer)
    {
        _observer = observer;
        _topology.Start();
    }

    /// <summary>
    /// Goes over to other servers, or to the same ones with other credentials, as soon as one of them answers; until then the former ones are used. Sessions of which a node has
    /// a copy are stored there again.
    /// </summary>
    /// <exception cref="ArgumentException">The options cannot be used; says why. Nothing has changed.</exception>
    public void MoveTo(RedisOptions options)
    {
        _topology.MoveTo(_create(options));
        _passwords.Check(options);
        _logger.Moving(options.ToString());
    }

    /// <inheritdoc/>
    public ValueTask<StoreRead> ReadAsync(SessionKey key, SessionVersion known, CancellationToken cancellationToken) =>
        _requests.SendAsync(new ReadRequest(_keys, key, known, _leases), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StoreWrite> CommitAsync(SessionKey key, SessionChange change, CancellationToken cancellationToken) =>
        CommitAsync(new CommitRequest(_keys, key, change, _leases), change.Replicas, change.ReplicaTimeout, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StoreWrite> MergeAsync(SessionKey key, SessionMerge copy, CancellationToken cancellationToken) =>
        CommitAsync(new MergeRequest(_keys, key, copy, _leases), copy.Replicas, copy.ReplicaTimeout, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StoreWrite> DestroyAsync(
        SessionKey key, SessionEnd end, TimeSpan tombstoneLife, CancellationToken cancellationToken) =>
        _requests.SendAsync(new DestroyRequest(_keys, key, end, tombstoneLife, _leases), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StoreTouch> TouchAsync(SessionKey key, TimeSpan life, TimeSpan leastLife, CancellationToken cancellationToken) =>
        _requests.SendAsync(new TouchRequest(_keys, key, life, leastLife), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StoreShared> ReadSharedAsync(string name, CancellationToken cancellationToken) =>
        _requests.SendAsync(new GetSharedRequest(_keys.Shared(name), _leases), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StoreShared> CompareExchangeSharedAsync(
        string name, ReadOnlyMemory<byte>? expected, ReadOnlyMemory<byte> value, CancellationToken cancellationToken) =>
        _requests.SendAsync(new SharedRequest(_keys, _keys.Shared(name), expected, value, _leases), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StoreDocument> ReadDocumentAsync(
        string name, DocumentPosition known, CancellationToken cancellationToken) =>
        _requests.SendAsync(
            new ReadDocumentRequest(_keys, _keys.Document(name), known, _leases), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StoreDocument> MergeDocumentAsync(
        string name, IReadOnlyList<DocumentElement> elements, TimeSpan life, CancellationToken cancellationToken)
    {
        var incarnation = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long))) & long.MaxValue | 1;
        var request = new MergeDocumentRequest(
            _keys, _keys.Document(name), _keys.DocumentPlaces(name), elements, life, incarnation, _leases);
        return _requests.SendAsync(request, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _watch?.Dispose();
        return _topology.DisposeAsync();
    }

    void IRedisPushHandler.OnInvalidate(RedisConnection connection, ReadOnlySpan<byte> key)
    {
        if (_keys.TryParseSession(key, out var session))
        {
            _observer?.OnChanged(session);
        }
        else if (_keys.NameOfShared(key) is { } shared)
        {
            _observer?.OnSharedChanged(shared);
        }
        else if (_keys.NameOfDocument(key) is { } document)
        {
            _observer?.OnDocumentChanged(document);
        }
    }

    void IRedisPushHandler.OnInvalidateAll(RedisConnection connection)
    {
        _leases.Revoke(connection);
        _observer?.OnConnected(new StoreContinuity(StoreLoss.Everything));
    }

    void IRedisTopologyObserver.OnConnected(RedisConnection connection, RedisServerIdentity? previous)
    {
        _logger.Connected(connection.Endpoint, connection.Server.Version);
        _failures.Forget(connection.Endpoint);
        _passwords.Check(connection.Endpoint);
        _ = SampleAsync(connection);
        _ = _settings.CheckAsync(connection);
        _observer?.OnConnected(_history.ContinuityOf(connection.Server, previous));
    }

    void IRedisTopologyObserver.OnDisconnected(RedisConnection connection, RedisConnectionException reason)
    {
        _leases.Revoke(connection);
        if (reason.IsInOrder)
        {
            _logger.Closed(connection.Endpoint);
        }
        else
        {
            _logger.Disconnected(connection.Endpoint, LogSentence.Of(connection.Endpoint, reason));
        }
    }

    void IRedisTopologyObserver.OnConnectFailed(RedisEndpoint endpoint, RedisConnectException failure) => _failures.Write(endpoint, failure);

    /// <summary>What the other servers have of the sessions is not known: they may have been replicas of the former ones, or empty.</summary>
    private void OnMoved()
    {
        _logger.Moved();
        _observer?.OnConnected(new StoreContinuity(StoreLoss.Moved));
    }

    void IRedisTopologyObserver.OnKeysMoved(RedisConnection connection) => _leases.Revoke(connection);

    void IRedisTopologyObserver.OnDeposedAccepted(RedisConnection connection, string reason) =>
        _logger.DeposedAccepted(connection.Endpoint, LogSentence.Of(reason));

    /// <summary>
    /// Asks the server for its role and offset as long as the connection lives. A server that was demoted without closing its
    /// connections (FAILOVER, REPLICAOF) is noticed here even by a node that only reads.
    /// </summary>
    private async Task SampleAsync(RedisConnection connection)
    {
        try
        {
            using var timer = new PeriodicTimer(_sampleInterval, _time);
            do
            {
                var askedAt = _time.GetTimestamp();
                var offset = await connection.SendAsync(new RoleRequest()).ConfigureAwait(false);
                if (offset < 0)
                {
                    _topology.ReportError(connection, RedisErrorKind.ReadOnly);
                    return;
                }

                _history.Sample(connection.Server.ReplicationId, askedAt, offset);
            }
            while (!connection.IsClosed && await timer.WaitForNextTickAsync().ConfigureAwait(false));
        }
        catch (Exception failure) when (failure is RedisServerException or RedisConnectionException)
        {
            // Not allowed to ask, or the connection is gone. Without samples all recent commits count as in doubt.
        }
    }

    private ValueTask<StoreWrite> CommitAsync(SessionScriptRequest request, int replicas, TimeSpan timeout, CancellationToken cancellationToken) =>
        replicas == 0 ? _requests.SendAsync(request, cancellationToken) : CommitAndWaitAsync(request, new WaitRequest(replicas, timeout), cancellationToken);

    private async ValueTask<StoreWrite> CommitAndWaitAsync(SessionScriptRequest request, WaitRequest wait, CancellationToken cancellationToken)
    {
        var answer = await _requests.SendAsync(request, wait, cancellationToken).ConfigureAwait(false);
        return answer with { Replicas = wait.Confirmed };
    }
}
