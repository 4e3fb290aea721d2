using System.Collections.Concurrent;
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
using ClusterSession.Transport.Diagnostics;
using ClusterSession.Transport.Pipelines;
using ClusterSession.Transport.Sockets;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Redis;

/// <summary>
/// Sessions in Redis or Valkey. The keys and fields are those of <see cref="RedisKeys"/>; each
/// operation is one command:
/// </summary>
/// <remarks>
/// <code>
/// open         EVALSHA read.lua        answers the remaining life too
/// revalidate   EVALSHA read.lua        the same; answers no values if the version is the same
/// commit       EVALSHA commit.lua      only what changed; PEXPIRE if it would end too soon
/// new, repair  EVALSHA merge.lua       attribute by attribute
/// touch        EVALSHA touch.lua       at most one per session, node and touch interval
/// end          EVALSHA destroy.lua     leaves a tombstone that expires
/// documents    EVALSHA document-*.lua  key ring, revocations, ends, serving nodes, Data
///                                      Protection; tracked as sessions are; one change moves
///                                      one element
/// replicas     WAIT, right behind the commit
/// </code>
/// Every session a node reads is tracked (CLIENT TRACKING): pushes on the same connection say that
/// it has changed, in order with replies. Each script that writes does all its reads, then all its
/// writes, then one read. So its own write is pushed once, right behind an answer that says that it
/// has written (commit.lua says why). <see cref="StoreRequestSender"/> sends the commands, and
/// again where that may help. Thread-safe.
/// </remarks>
internal sealed class RedisSessionStore : IClusterSessionStore, IRedisPushHandler, IRedisTopologyObserver
{
    private const int LongestKeyOnStack = 256;
    private const int HeartbeatsBetweenLooks = 100;

    private readonly RedisKeys _keys;
    private readonly CopyLeases _copyLeases;
    private readonly MovableTopology _topology;
    private readonly StoreRequestSender _requests;
    private readonly Func<RedisOptions, IRedisTopology> _create;
    private readonly ConcurrentDictionary<int, ReplicationHistory> _histories = new(); // by partition
    private readonly TimeProvider _time;
    private readonly TimeSpan _sampleInterval;
    private readonly ServerSettings _settings;
    private readonly ServerLimits _limits;
    private readonly EvictionWatch _evictions;

    // By partition: whether each use of a copy asks the store, because the partition's server does
    // not push what changes.
    private readonly ConcurrentDictionary<int, bool> _revalidated = new();
    private readonly TrackingProof _tracking;
    private readonly PlainPasswords _passwords;
    private readonly RedisFailureLog _failures;
    private readonly RedisInspection _inspection;
    private readonly RedisChannel _channel;
    private readonly FirstContact _first;
    private readonly ILogger<RedisSessionStore> _logger;
    private readonly IDisposable? _watch; // calls MoveTo, where the configuration says where the servers are
    private IStoreObserver? _observer;
    private volatile RedisOptions _options;
    private int _isStarted;

    public RedisSessionStore(
        RedisOptions options,
        string keyPrefix,
        TimeSpan lease,
        TimeProvider time,
        Random random,
        ILogger<RedisSessionStore> logger,
        Func<RedisSessionStore, IDisposable>? watch = null
    )
    {
        _keys = new RedisKeys(keyPrefix);
        _copyLeases = new CopyLeases(lease);
        _logger = logger;
        _time = time;
        _sampleInterval = options.HeartbeatInterval;
        _options = options;
        _limits = new ServerLimits(logger);
        _tracking = new TrackingProof(_keys, time);
        _settings = new ServerSettings(logger, _limits, options.Fence == RedisFence.Lease);
        _evictions = new EvictionWatch(logger, time, options.HeartbeatInterval * HeartbeatsBetweenLooks);
        _passwords = new PlainPasswords(logger);
        _passwords.Check(options);
        _failures = new RedisFailureLog(logger, time);
        var writer = Convert.ToHexStringLower(BitConverter.GetBytes(random.NextInt64()));
        var generation = new GenerationKey(_keys.Generation, writer, options.CommandTimeout, time);
        _create = to =>
            RedisTopology.Create(to, time, random, this, this, generation, _keys.HeartbeatPrefix, _keys.Lease);
        _topology = new MovableTopology(_create(options), time, OnServersChanged);
        _inspection = new RedisInspection(time);
        _channel = new RedisChannel(options, _keys.Channel, time, new Random(random.Next()));
        Directory = new RedisDirectory(_topology, _keys);
        _first = new FirstContact(options, time);
        _requests = new StoreRequestSender(_topology, options.CommandTimeout, time, _failures, key => Changed(key));
        _watch = watch?.Invoke(this);
    }

    /// <inheritdoc/>
    public string Name => "redis";

    /// <inheritdoc/>
    public IReadOnlyList<StorePartition> Partitions =>
        [
            .. _topology.Partitions.Select(known => new StorePartition(known.Number, known.Endpoint?.ToString() ?? Name)
            {
                IsRevalidated = _revalidated.GetValueOrDefault(known.Number),
            }),
        ];

    /// <inheritdoc/>
    public int PartitionOf(SessionKey key)
    {
        if (!_topology.IsPartitioned)
        {
            return 0;
        }

        var length = _keys.SessionLength;
        Span<byte> route = length <= LongestKeyOnStack ? stackalloc byte[length] : new byte[length];
        _keys.WriteSession(route, key);
        return _topology.PartitionOf(route);
    }

    /// <inheritdoc/>
    public int PartitionOfDocument(string name) => _topology.PartitionOf(_keys.Document(name));

    /// <inheritdoc/>
    public ISessionDirectory Directory { get; }

    /// <inheritdoc/>
    public IStoreInspection Inspection => _inspection;

    /// <inheritdoc/>
    public IStoreChannel Channel => _channel;

    /// <inheritdoc/>
    public async ValueTask StartAsync(IStoreObserver observer, CancellationToken cancellationToken)
    {
        _observer = observer;
        if (Interlocked.Exchange(ref _isStarted, 1) == 0)
        {
            _topology.Start();
            await _first.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Goes over to other servers, or to the same ones with other credentials, as soon as one of
    /// them answers; until then the former ones are used. Sessions of which a node has a copy are
    /// stored there again.
    /// </summary>
    /// <exception cref="ArgumentException">The options cannot be used; says why. Nothing has
    /// changed.</exception>
    public void MoveTo(RedisOptions options)
    {
        _topology.MoveTo(_create(options));
        _options = options;
        _channel.MoveTo(options);
        _passwords.Check(options);
        _logger.Moving(options.ToString());
    }

    /// <inheritdoc/>
    public ValueTask<StoreRead> ReadAsync(SessionKey key, SessionVersion known, StoreDeadline deadline) =>
        _requests.SendAsync(new ReadRequest(_keys, key, known, _copyLeases), deadline);

    /// <inheritdoc/>
    public ValueTask<StoreWrite> CommitAsync(SessionKey key, SessionChange change, StoreDeadline deadline) =>
        CommitAsync(
            new CommitRequest(_keys, key, change, _copyLeases),
            change.Replicas,
            change.ReplicaTimeout,
            deadline
        );

    /// <inheritdoc/>
    public ValueTask<StoreWrite> MergeAsync(SessionKey key, SessionMerge copy, StoreDeadline deadline) =>
        CommitAsync(
            new MergeRequest(_keys, key, copy, _copyLeases, _options.MaxReplyBytes),
            copy.Replicas,
            copy.ReplicaTimeout,
            deadline
        );

    /// <inheritdoc/>
    public ValueTask<StoreWrite> DestroyAsync(
        SessionKey key,
        SessionEnd end,
        TimeSpan tombstoneLife,
        StoreDeadline deadline
    ) => _requests.SendAsync(new DestroyRequest(_keys, key, end, tombstoneLife, _copyLeases), deadline);

    /// <inheritdoc/>
    public ValueTask<StoreTouch> TouchAsync(
        SessionKey key,
        TimeSpan life,
        TimeSpan leastLife,
        StoreDeadline deadline
    ) => _requests.SendAsync(new TouchRequest(_keys, key, life, leastLife), deadline);

    /// <inheritdoc/>
    public ValueTask<StoreDocument> ReadDocumentAsync(string name, DocumentPosition known, StoreDeadline deadline) =>
        _requests.SendAsync(new ReadDocumentRequest(_keys, _keys.Document(name), known, _copyLeases), deadline);

    /// <inheritdoc/>
    public ValueTask<StoreDocument> MergeDocumentAsync(
        string name,
        IReadOnlyList<DocumentElement> elements,
        TimeSpan life,
        StoreDeadline deadline
    )
    {
        var incarnation = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long))) & long.MaxValue | 1;
        var request = new MergeDocumentRequest(
            _keys,
            _keys.Document(name),
            _keys.DocumentPlaces(name),
            elements,
            life,
            incarnation,
            _copyLeases
        );
        return _requests.SendAsync(request, deadline);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _watch?.Dispose();
        await _channel.DisposeAsync().ConfigureAwait(false);
        await _topology.DisposeAsync().ConfigureAwait(false);
    }

    void IRedisPushHandler.OnInvalidate(RedisConnection connection, ReadOnlySpan<byte> key) => Changed(key, connection);

    private void Changed(ReadOnlySpan<byte> key, RedisConnection? pushedBy = null)
    {
        if (_keys.TryParseSession(key, out var session))
        {
            _observer?.OnChanged(session);
        }
        else if (_keys.NameOfDocument(key) is { } document)
        {
            _observer?.OnDocumentChanged(document);
        }
        else
        {
            pushedBy?.Probe?.Pushed(key);
        }
    }

    void IRedisPushHandler.OnInvalidateAll(RedisConnection connection)
    {
        connection.Probe?.Emptied();
        _copyLeases.Revoke(connection);
        _observer?.OnConnected(connection.Partition, new StoreContinuity(StoreLoss.Everything));
    }

    void IRedisTopologyObserver.OnConnected(RedisConnection connection, RedisServerIdentity? previous)
    {
        _logger.Connected(connection.Endpoint, connection.Server.Version);
        _failures.Forget(connection.Endpoint);
        _inspection.Connected(connection);
        _passwords.Check(connection.Endpoint);
        _revalidated[connection.Partition] = connection.Untracked is not null;
        _limits.Say(connection, _options.Coherence);
        if (connection.Untracked is null)
        {
            _ = _tracking.ProveAsync(connection, OnProbed);
        }

        _ = SampleAsync(connection);
        _ = _evictions.WatchAsync(connection);
        _ = _settings.CheckAsync(connection);
        _observer?.OnConnected(connection.Partition, HistoryOf(connection).ContinuityOf(connection.Server, previous));
        _first.Connected();
    }

    private void OnProbed(RedisConnection connection)
    {
        if (connection.Untracked is { } reason && _options.Coherence == RedisCoherence.Tracking)
        {
            var lacking = RedisHandshake.LacksTracking(connection.Endpoint, reason);
            _first.Failed(lacking);
            connection.Close(lacking.Message);
            return;
        }

        _revalidated[connection.Partition] = !TrackingProbe.IsProvedOn(connection);
        _limits.Say(connection, _options.Coherence);
        _first.Tried();
    }

    void IRedisTopologyObserver.OnDisconnected(RedisConnection connection, ConnectionException reason)
    {
        _copyLeases.Revoke(connection);
        _inspection.Disconnected(connection, reason);
        if (reason.IsInOrder)
        {
            _logger.Closed(connection.Endpoint);
        }
        else
        {
            _logger.Disconnected(connection.Endpoint, LogSentence.Of(connection.Address, reason));
        }
    }

    void IRedisTopologyObserver.OnConnectFailed(RedisEndpoint endpoint, ConnectException failure)
    {
        _first.Failed(failure);
        _failures.Write(endpoint, failure);
        _inspection.Failed(endpoint, failure);
    }

    /// <summary>
    /// What the other servers have of the sessions is not known: they may have been replicas of the
    /// former ones, or empty.
    /// </summary>
    private void OnServersChanged()
    {
        _logger.Moved();
        _inspection.Moved();
        foreach (var partition in _topology.Partitions)
        {
            _observer?.OnConnected(partition.Number, new StoreContinuity(StoreLoss.Moved));
        }
    }

    void IRedisTopologyObserver.OnPartitionChanged(int from, int to) => _observer?.OnMoved(from, to);

    void IRedisTopologyObserver.OnKeysMoved(RedisConnection connection) => _copyLeases.Revoke(connection);

    void IRedisTopologyObserver.OnDirectoryLost(RedisEndpoint directory, ConnectException reason) =>
        _failures.WriteLost(directory, reason);

    void IRedisTopologyObserver.OnDirectoryFound(RedisEndpoint directory) => _failures.WriteFound();

    void IRedisTopologyObserver.OnDeposedAccepted(RedisConnection connection, string reason) =>
        _logger.DeposedAccepted(connection.Endpoint, LogSentence.Of(reason));

    /// <summary>
    /// Asks the server for its role and offset as long as the connection lives. A server that was
    /// demoted without closing its connections (FAILOVER, REPLICAOF) is noticed here even by a node
    /// that only reads.
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

                HistoryOf(connection).Sample(connection.Server.ReplicationId, askedAt, offset);
            } while (!connection.IsClosed && await timer.WaitForNextTickAsync().ConfigureAwait(false));
        }
        catch (RedisServerException refusal)
        {
            if (refusal.Kind is RedisErrorKind.NoPerm or RedisErrorKind.Other)
            {
                _limits.Say(connection, RefusedCommand.Role);
            }
        }
        catch (ConnectionException)
        {
            // Gone. Without samples all recent commits count as in doubt.
        }
    }

    private ReplicationHistory HistoryOf(RedisConnection connection) =>
        _histories.GetOrAdd(connection.Partition, static _ => new ReplicationHistory());

    private ValueTask<StoreWrite> CommitAsync(
        SessionScriptRequest request,
        int replicas,
        TimeSpan timeout,
        StoreDeadline deadline
    ) =>
        replicas == 0
            ? _requests.SendAsync(request, deadline)
            : CommitAndWaitAsync(request, new WaitRequest(replicas, timeout), deadline);

    private async ValueTask<StoreWrite> CommitAndWaitAsync(
        SessionScriptRequest request,
        WaitRequest wait,
        StoreDeadline deadline
    )
    {
        var answer = await _requests.SendAsync(request, wait, deadline).ConfigureAwait(false);
        return answer with { Replicas = wait.Confirmed };
    }
}
