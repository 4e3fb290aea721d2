namespace ClusterSession.Redis.Connection;

/// <summary>Keeps one place of the topology connected: connects, waits until the connection is lost, pauses, connects again. Thread-safe.</summary>
/// <remarks>
/// The place may have several endpoints, tried in turn: a master and its replica where only the master will do. The pause comes after all of them.
/// Failures that need an operator (wrong password, untrusted certificate) are told to waiting callers at once; others are waited out.
/// </remarks>
internal sealed class RedisLink : IAsyncDisposable
{
    // A connection that lived shorter was no success: without this a server that accepts and drops would be hammered.
    private static readonly TimeSpan ShortLife = TimeSpan.FromSeconds(1);

    private readonly IReadOnlyList<RedisEndpoint> _endpoints;
    private readonly RedisConnector _connector;
    private readonly TimeProvider _time;
    private readonly BackOff _backOff;
    private readonly IRedisTopologyObserver? _observer;
    private readonly CancellationTokenSource _stop = new();

    // Guards the three below. Not held while calling out.
    private readonly Lock _gate = new();
    private TaskCompletionSource<RedisConnection> _ready = NewWaiting();
    private TaskCompletionSource? _pause;
    private RedisConnectException? _lastFailure;
    private RedisConnection? _current;
    private Task _loop = Task.CompletedTask;

    // Who was there last; used by the loop only.
    private RedisServerIdentity? _previous;

    /// <summary>A link that has not begun to connect.</summary>
    public RedisLink(
        IReadOnlyList<RedisEndpoint> endpoints, RedisConnector connector, TimeProvider time, Random random, IRedisTopologyObserver? observer)
    {
        ArgumentOutOfRangeException.ThrowIfZero(endpoints.Count);
        _endpoints = endpoints;
        _connector = connector;
        _time = time;
        _backOff = new BackOff(connector.Options.ReconnectMaxDelay, random);
        _observer = observer;
    }

    /// <summary>The open connection, or null. Cheap to read.</summary>
    public RedisConnection? Current => Volatile.Read(ref _current) is { IsClosed: false } connection ? connection : null;

    /// <summary>Why the last attempt to connect failed; null while connected and before the first failure.</summary>
    public RedisConnectException? LastFailure => Volatile.Read(ref _lastFailure);

    /// <summary>Begins connecting. Called once.</summary>
    public void Start() => Detached.Run(() => _loop = Task.Run(RunAsync));

    /// <summary>The open connection; waits for one at most for the connect timeout.</summary>
    /// <exception cref="RedisConnectException">There is none; nothing was sent.</exception>
    public ValueTask<RedisConnection> GetAsync(CancellationToken cancellationToken) =>
        Current is { } connection ? new ValueTask<RedisConnection>(connection) : new ValueTask<RedisConnection>(WaitAsync(cancellationToken));

    /// <summary>Ends the pause before the next attempt, if there is one: somebody knows that the server is back.</summary>
    public void RetryNow()
    {
        lock (_gate)
            _pause?.TrySetResult();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        lock (_gate)
        {
            _ready.TrySetException(new RedisConnectException(RedisConnectFailure.Unreachable, $"The link to {_endpoints[0]} was closed."));
            _ = _ready.Task.Exception;
        }

        _stop.Dispose();
    }

    private static TaskCompletionSource<RedisConnection> NewWaiting() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task<RedisConnection> WaitAsync(CancellationToken cancellationToken)
    {
        var deadline = _connector.Options.ConnectTimeout;
        var begun = _time.GetTimestamp();
        while (true)
        {
            Task<RedisConnection> ready;
            lock (_gate)
            {
                if (_lastFailure is { NeedsOperator: true } failure)
                    throw new RedisConnectException(failure.Failure, failure.Message, failure);
                ready = _ready.Task;
            }

            var left = deadline - _time.GetElapsedTime(begun);
            try
            {
                if (left <= TimeSpan.Zero)
                    throw new TimeoutException();
                var connection = await ready.WaitAsync(left, _time, cancellationToken).ConfigureAwait(false);
                if (!connection.IsClosed)
                    return connection;
                // Lost the moment it was made; its successor's task is not there yet.
                await connection.Closed.WaitAsync(cancellationToken).ConfigureAwait(false);
                await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            }
            catch (TimeoutException)
            {
                throw new RedisConnectException(
                    RedisConnectFailure.TimedOut,
                    $"No connection to {string.Join(" or ", _endpoints)} within {deadline.TotalMilliseconds:0} ms (ConnectTimeout)." +
                    (LastFailure is { } last ? $" Last attempt: {last.Message}" : ""),
                    LastFailure);
            }
        }
    }

    private async Task RunAsync()
    {
        for (var attempt = 0; !_stop.IsCancellationRequested; attempt++)
        {
            var endpoint = _endpoints[attempt % _endpoints.Count];
            try
            {
                try
                {
                    await ServeAsync(endpoint).ConfigureAwait(false);
                    // The same endpoint first: most losses are short.
                    attempt--;
                }
                catch (RedisConnectException failure)
                {
                    Failed(endpoint, failure);
                    if ((attempt + 1) % _endpoints.Count != 0)
                        continue;
                }
#pragma warning disable CA1031 // an observer that throws must not end the link for good
                catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
                {
                    Failed(endpoint, new RedisConnectException(RedisConnectFailure.Unreachable, $"The link to {endpoint} stumbled: {e.Message}", e));
                }

                await PauseAsync().ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(RedisEndpoint endpoint)
    {
        var connection = await _connector.ConnectAsync(endpoint, _stop.Token).ConfigureAwait(false);
        var since = _time.GetTimestamp();
        await using (connection.ConfigureAwait(false))
        {
            Connected(connection);
            await LostAsync(connection).ConfigureAwait(false);
        }

        if (_time.GetElapsedTime(since) > ShortLife)
            _backOff.Reset();
    }

    private void Connected(RedisConnection connection)
    {
        var previous = _previous;
        _previous = connection.Server;
        _observer?.OnConnected(connection, previous);
        lock (_gate)
        {
            _lastFailure = null;
            Volatile.Write(ref _current, connection);
            _ready.TrySetResult(connection);
        }
    }

    private async Task LostAsync(RedisConnection connection)
    {
        try
        {
            await connection.Closed.WaitAsync(_stop.Token).ConfigureAwait(false);
        }
        finally
        {
            connection.Close("the link was closed.");
            lock (_gate)
            {
                Volatile.Write(ref _current, null);
                _ready = NewWaiting();
            }

            _observer?.OnDisconnected(connection, await connection.Closed.ConfigureAwait(false));
        }
    }

    private void Failed(RedisEndpoint endpoint, RedisConnectException failure)
    {
        lock (_gate)
        {
            _lastFailure = failure;
            if (failure.NeedsOperator)
            {
                _ready.TrySetException(failure);
                // Nobody may be waiting; then nobody looks at the exception either.
                _ = _ready.Task.Exception;
                _ready = NewWaiting();
            }
        }

        _observer?.OnConnectFailed(endpoint, failure);
    }

    private async Task PauseAsync()
    {
        var pause = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
            _pause = pause;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        await Task.WhenAny(pause.Task, Task.Delay(_backOff.Next(), _time, over.Token)).ConfigureAwait(false);
        await over.CancelAsync().ConfigureAwait(false);
        _stop.Token.ThrowIfCancellationRequested();
    }
}
