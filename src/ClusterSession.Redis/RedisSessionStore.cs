using System.Runtime.CompilerServices;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Connection.Fencing;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Scripts;
using ClusterSession.Sessions;
using ClusterSession.Stores;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Redis;

/// <summary>
/// Sessions in Redis or Valkey. The keys and fields are those of <see cref="RedisKeys"/>; each operation is one command:
/// </summary>
/// <remarks>
/// <code>
/// open            HGETALL                    every session a node reads is tracked (CLIENT TRACKING), and pushes on the same
/// revalidate      EVALSHA read.lua           connection tell of changes by others, in order with replies
/// commit          EVALSHA commit.lua         only what changed; PEXPIRE to the session's life
/// new, repair     EVALSHA merge.lua          attribute by attribute
/// touch           EVALSHA touch.lua          at most one per session, node and touch interval
/// end             EVALSHA destroy.lua        leaves a tombstone that expires
/// shared values   GET, EVALSHA exchange.lua  key ring, ended principals; tracked as sessions are
/// replicas        WAIT, right behind the commit
/// </code>
/// A script the server does not know (NOSCRIPT: restart, failover, SCRIPT FLUSH) is sent whole once. What was certainly not executed
/// because the server was demoted, or the key has moved to another node of a cluster, is sent once more to the right one.
/// Thread-safe.
/// </remarks>
internal sealed class RedisSessionStore : IClusterSessionStore, IRedisPushHandler, IRedisTopologyObserver, IAsyncDisposable
{
    private const int MostAttempts = 5;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(100);

    private readonly RedisKeys _keys;
    private readonly LeaseSource _leases;
    private readonly MovableTopology _topology;
    private readonly Func<RedisOptions, IRedisTopology> _create;
    private readonly ReplicationHistory _history = new();
    private readonly TimeProvider _time;
    private readonly TimeSpan _sampleInterval;
    private readonly TimeSpan _deadline;
    private readonly ServerSettings _settings;
    private readonly FailureLog _failures;
    private readonly ILogger<RedisSessionStore> _logger;
    private ISessionObserver? _observer;

    public RedisSessionStore(
        RedisOptions options, string keyPrefix, TimeSpan lease, TimeProvider time, Random random, ILogger<RedisSessionStore> logger)
    {
        _keys = new RedisKeys(keyPrefix);
        _leases = new LeaseSource(lease);
        _logger = logger;
        _time = time;
        _sampleInterval = options.HeartbeatInterval;
        _deadline = options.CommandTimeout;
        _settings = new ServerSettings(logger);
        _failures = new FailureLog(logger, time);
        var writer = Convert.ToHexStringLower(BitConverter.GetBytes(random.NextInt64()));
        var generation = new GenerationKey(_keys.Shared("generation"), writer);
        _create = to => RedisTopology.Create(to, time, random, this, this, generation);
        _topology = new MovableTopology(_create(options), time, OnMoved);
    }

    /// <inheritdoc/>
    public string Name => "redis";

    /// <summary>What calls <see cref="MoveTo"/>; ends with the store. Default null: nobody does.</summary>
    public IDisposable? Watch { get; set; }

    /// <inheritdoc/>
    public void Observe(ISessionObserver observer)
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
        _logger.Moving(options.ToString());
    }

    /// <inheritdoc/>
    public ValueTask<StoreRead> ReadAsync(SessionKey key, SessionVersion known, CancellationToken cancellationToken) =>
        ExecuteAsync(RouteOf(key), new ReadRequest(_keys, key, known, _leases), StoreRead.Unavailable, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StoreCommit> CommitAsync(SessionKey key, SessionChange change, CancellationToken cancellationToken) =>
        CommitAsync(key, new CommitRequest(_keys, key, change, _leases), change.Replicas, change.ReplicaTimeout, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StoreCommit> MergeAsync(SessionKey key, SessionCopy copy, CancellationToken cancellationToken) =>
        CommitAsync(key, new MergeRequest(_keys, key, copy, _leases), copy.Replicas, copy.ReplicaTimeout, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StoreCommit> DestroyAsync(
        SessionKey key, SessionEnd end, TimeSpan tombstoneLife, CancellationToken cancellationToken) =>
        ExecuteAsync(
            RouteOf(key), new DestroyRequest(_keys, key, end, tombstoneLife, _leases), StoreCommit.Unavailable, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StoreTouch> TouchAsync(SessionKey key, TimeSpan life, CancellationToken cancellationToken) =>
        ExecuteAsync(RouteOf(key), new TouchRequest(_keys, key, life), static _ => StoreTouch.Unavailable, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<StoreShared> ReadSharedAsync(string name, CancellationToken cancellationToken)
    {
        var key = _keys.Shared(name);
        return await ExecuteAsync(
            key, new GetSharedRequest(key, _leases), static failure => new StoreShared(null, failure), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<StoreShared> CompareExchangeSharedAsync(
        string name, ReadOnlyMemory<byte>? expected, ReadOnlyMemory<byte> value, CancellationToken cancellationToken)
    {
        var key = _keys.Shared(name);
        return ExecuteAsync(
            key, new SharedRequest(_keys, key, expected, value, _leases), static failure => new StoreShared(null, failure), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Watch?.Dispose();
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
        _ = SampleAsync(connection);
        _ = _settings.CheckAsync(connection);
        _observer?.OnConnected(_history.ContinuityOf(connection.Server, previous));
    }

    void IRedisTopologyObserver.OnDisconnected(RedisConnection connection, RedisConnectionException reason)
    {
        _leases.Revoke(connection);
        _logger.Disconnected(connection.Endpoint, reason.Message);
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
        _logger.DeposedAccepted(connection.Endpoint, reason);

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

    private byte[] RouteOf(SessionKey key)
    {
        var route = new byte[_keys.SessionLength];
        _keys.WriteSession(route, key);
        return route;
    }

    private ValueTask<StoreCommit> CommitAsync(
        SessionKey key, SessionScriptRequest request, int replicas, TimeSpan timeout, CancellationToken cancellationToken) =>
        replicas == 0
            ? ExecuteAsync(RouteOf(key), request, StoreCommit.Unavailable, cancellationToken)
            : CommitAndWaitAsync(key, request, new WaitRequest(replicas, timeout), cancellationToken);

    private async ValueTask<StoreCommit> CommitAndWaitAsync(
        SessionKey key, SessionScriptRequest request, WaitRequest wait, CancellationToken cancellationToken)
    {
        var answer = await ExecuteAsync(RouteOf(key), request, StoreCommit.Unavailable, cancellationToken, wait).ConfigureAwait(false);
        return answer with { Replicas = wait.Confirmed };
    }

    /// <summary>Sends a request to whoever serves the key, and makes a value of whatever goes wrong.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<T> ExecuteAsync<T>(
        byte[] route, RedisRequest<T> request, Func<StoreFailure, T> unavailable, CancellationToken cancellationToken, WaitRequest? wait = null)
    {
        var begun = _time.GetTimestamp();
        RedisConnection? asked = null;
        for (var attempt = 1; ; attempt++)
        {
            RedisConnection? connection = asked;
            try
            {
                if (connection is null && !_topology.TryGetConnection(route, out connection))
                {
                    connection = await _topology.GetConnectionAsync(route, cancellationToken).AsTask()
                        .WaitAsync(LeftSince(begun), _time, cancellationToken).ConfigureAwait(false);
                }

                return await SendAsync(connection, request, wait, isAsked: asked is not null).ConfigureAwait(false);
            }
            catch (RedisServerException refusal) when (refusal.Kind == RedisErrorKind.NoScript && request is IScriptRequest { IsSentWhole: false } script)
            {
                script.IsSentWhole = true;
            }
            catch (RedisServerException refusal)
            {
                _topology.ReportError(connection!, refusal.Kind, refusal.Text);
                asked = null;
                if (!await MayRepeatAsync(refusal.Kind, attempt, begun, cancellationToken).ConfigureAwait(false))
                {
                    _logger.Refused(refusal.Kind, refusal.Message);
                    return unavailable(refusal.Kind.MeansNotExecuted() ? StoreFailure.Refused : StoreFailure.Unknown);
                }

                if (refusal.Kind == RedisErrorKind.Ask)
                {
                    asked = await RedirectAsync(connection!, refusal.Text, begun, cancellationToken).ConfigureAwait(false);
                }
            }
            catch (RedisConnectionException broken) when (broken.Sent && (!request.IsRead || broken is RedisTimeoutException))
            {
                return unavailable(StoreFailure.Unknown);
            }
            catch (RedisConnectionException) when (attempt < MostAttempts && _time.GetElapsedTime(begun) < _deadline)
            {
                // Not a byte of it left: the connection was lost between being handed out and being used. Or it only asks. Its successor may answer.
                asked = null;
            }
            catch (Exception failure) when (failure is RedisConnectionException or TimeoutException)
            {
                return unavailable(StoreFailure.Unreachable);
            }
        }
    }

    /// <summary>Whether another attempt may do better, after the pause that it takes.</summary>
    private async ValueTask<bool> MayRepeatAsync(RedisErrorKind kind, int attempt, long begun, CancellationToken cancellationToken)
    {
        switch (kind)
        {
            case RedisErrorKind.ReadOnly or RedisErrorKind.Moved or RedisErrorKind.Ask when attempt < MostAttempts:
                return true;
            // A slot that is being moved, or that has no master while its replica is elected. Both pass.
            case RedisErrorKind.TryAgain or RedisErrorKind.ClusterDown:
                var pause = TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, FirstPause.Ticks << Math.Min(attempt - 1, 10)));
                if (_time.GetElapsedTime(begun) + pause > _deadline)
                {
                    return false;
                }

                await Task.Delay(pause, _time, cancellationToken).ConfigureAwait(false);
                return true;
            default:
                return false;
        }
    }

    private TimeSpan LeftSince(long begun) => _deadline - _time.GetElapsedTime(begun) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    private async ValueTask<RedisConnection?> RedirectAsync(RedisConnection connection, string text, long begun, CancellationToken cancellationToken)
    {
        try
        {
            return await _topology.GetRedirectAsync(connection, text, cancellationToken).AsTask()
                .WaitAsync(LeftSince(begun), _time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is RedisConnectException or TimeoutException)
        {
            // The owner is asked again; it may have given up the move.
            return null;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<T> SendAsync<T>(RedisConnection connection, RedisRequest<T> request, WaitRequest? wait, bool isAsked)
    {
        if (request is ILeasedRequest leased)
        {
            leased.Connection = connection;
        }

        var answer = request.Completion;
        if (isAsked)
        {
            connection.Send(new AskingRequest(), request);
        }
        else if (wait is null)
        {
            connection.Send(request);
        }

        if (wait is null)
        {
            return await answer.ConfigureAwait(false);
        }

        var confirmation = wait.Completion;
        if (isAsked)
        {
            connection.Send(wait);
        }
        else
        {
            connection.Send(request, wait);
        }

        try
        {
            return await answer.ConfigureAwait(false);
        }
        finally
        {
            await wait.TakeAsync(confirmation).ConfigureAwait(false);
        }
    }
}
