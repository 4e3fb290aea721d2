using ClusterSession.Redis.Connection;
using ClusterSession.Transport.Links;
using ClusterSession.Transport.Signals;

namespace ClusterSession.Redis.Topology;

/// <summary>
/// Keeps one place of the topology connected: connects, waits until the connection is lost, pauses,
/// connects again. Thread-safe.
/// </summary>
/// <remarks>
/// <code>
///           selector: whom?       selector: accept?          observer
///   pause --> [ target ] --> [ connect ] --> [ admit ] --> [ handed out ] --> lost, or the selector leaves the target
///     ^                          |               |                                      |
///     '--------------------------+---------------+--------------------------------------'
/// </code>
/// Who is there is the selector's knowledge (<see cref="IEndpointSelector"/>): a list of endpoints, the
/// sentinels, the slot map. At most one connection is handed out at a time, so one node never uses
/// two masters of one place at once. Failures that need an operator (wrong password, untrusted
/// certificate) are told to waiting callers at once; others are waited out.
/// </remarks>
internal sealed class RedisLink : IAsyncDisposable
{
    // A connection that lived shorter was no success: without this a server that accepts and drops
    // would be hammered. With a whole second, planned failovers that followed each other grew the
    // pauses until a node found the new master a second later than the others.
    private static readonly TimeSpan ShortLife = TimeSpan.FromMilliseconds(200);

    private readonly IEndpointSelector _selector;
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

    // Who was there last; written by the loop only.
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
        IEndpointSelector selector,
        RedisConnector connector,
        TimeProvider time,
        Random random,
        IRedisTopologyObserver? observer,
        RedisServerIdentity? previous = null,
        TimeSpan? maxDelay = null,
        int partition = 0
    )
    {
        _selector = selector;
        _connector = connector;
        _time = time;
        _backOff = new BackOff(maxDelay ?? connector.Options.ReconnectMaxDelay, random);
        _observer = observer;
        _previous = previous;
        Partition = partition;
    }

    /// <summary>Which partition of the keys it serves.</summary>
    public int Partition { get; }

    /// <summary>Who is, or was last, in this place; null if nobody was reached yet.</summary>
    public RedisServerIdentity? LastServer => Volatile.Read(ref _previous);

    /// <summary>The open connection, or null. Cheap to read.</summary>
    public RedisConnection? Current =>
        Volatile.Read(ref _current) is { IsClosed: false } connection ? connection : null;

    /// <summary>
    /// Why the last attempt to connect failed; null while connected and before the first failure.
    /// </summary>
    public RedisConnectException? LastFailure => Volatile.Read(ref _lastFailure);

    /// <summary>Begins connecting. Called once.</summary>
    public void Start() => Detached.Run(() => _loop = Task.Run(RunAsync));

    /// <summary>The open connection; waits for one at most for the connect timeout.</summary>
    /// <exception cref="RedisConnectException">There is none; nothing was sent.</exception>
    public ValueTask<RedisConnection> GetAsync(CancellationToken cancellationToken) =>
        Current is { } connection
            ? new ValueTask<RedisConnection>(connection)
            : new ValueTask<RedisConnection>(WaitAsync(cancellationToken));

    /// <summary>
    /// Ends the pause before the next attempt, if there is one: somebody knows that the server is
    /// back.
    /// </summary>
    public void RetryNow()
    {
        lock (_gate)
        {
            _pause?.TrySetResult();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        lock (_gate)
        {
            _ready.TrySetException(
                new RedisConnectException(
                    RedisConnectFailure.Unreachable,
                    $"The connection to {_selector} is no longer needed."
                )
            );
            _ = _ready.Task.Exception;
        }

        _stop.Dispose();
    }

    private static TaskCompletionSource<RedisConnection> NewWaiting() =>
        new(TaskCreationOptions.RunContinuationsAsynchronously);

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
                {
                    throw new RedisConnectException(failure.Failure, failure.Message, failure);
                }
                // Closed, and the loop has not seen it yet. It is not waited for by looking again:
                // hundreds of callers that did so kept the loop itself from the pool's threads, for
                // seconds.
                if (_current is { IsClosed: true })
                {
                    RenewLocked();
                }

                ready = _ready.Task;
            }

            var left = deadline - _time.GetElapsedTime(begun);
            try
            {
                if (left <= TimeSpan.Zero)
                {
                    throw new TimeoutException();
                }

                var connection = await ready.WaitAsync(left, _time, cancellationToken).ConfigureAwait(false);
                if (!connection.IsClosed)
                {
                    return connection;
                }
            }
            catch (TimeoutException)
            {
                throw new RedisConnectException(
                    RedisConnectFailure.TimedOut,
                    $"No connection to {_selector} within {deadline.TotalMilliseconds:0} ms (ConnectTimeout)."
                        + (LastFailure is { } last ? $" Last attempt: {last.Message}" : ""),
                    LastFailure
                );
            }
        }
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            LinkTarget? target = null;
            try
            {
                if (
                    !await TryOnceAsync(t => target = t).ConfigureAwait(false)
                    || target is { Connection.IsCancellationRequested: true }
                )
                {
                    continue;
                }

                await PauseAsync().ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (OperationCanceledException) when (target is { Attempt.IsCancellationRequested: true })
            {
                // Somebody else is to be tried now.
                _backOff.Reset();
            }
        }
    }

    /// <summary>
    /// One attempt and, if it works, the life of the connection. True: a pause is due.
    /// </summary>
    private async Task<bool> TryOnceAsync(Action<LinkTarget> chosen)
    {
        LinkTarget? target = null;
        try
        {
            target = await _selector.NextAsync(_stop.Token).ConfigureAwait(false);
            chosen(target);
            await ServeAsync(target).ConfigureAwait(false);
            return true;
        }
        catch (RedisConnectionException e)
        {
            // Lost while it was judged: as if it had not been made.
            var failure =
                e as RedisConnectException ?? new RedisConnectException(RedisConnectFailure.Unreachable, e.Message, e);
            target?.Attempt.ThrowIfCancellationRequested();
            Failed(target, failure);
            return !_selector.Failed(target, failure);
        }
#pragma warning disable CA1031 // an observer that throws must not end the link for good
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            Failed(
                target,
                new RedisConnectException(
                    RedisConnectFailure.Unreachable,
                    $"Connecting to {_selector} failed: {e.Message}",
                    e
                )
            );
            return true;
        }
    }

    private async Task ServeAsync(LinkTarget target)
    {
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, target.Attempt);
        var connection = await _connector.ConnectAsync(target.Endpoint, attempt.Token).ConfigureAwait(false);
        connection.Partition = Partition;
        var since = _time.GetTimestamp();
        await using (connection.ConfigureAwait(false))
        {
            await _selector.AdmitAsync(connection, target, attempt.Token).ConfigureAwait(false);
            attempt.Token.ThrowIfCancellationRequested();
            Connected(connection);
            try
            {
                using var left = target.Connection.UnsafeRegister(
                    static c => ((RedisConnection)c!).Close("another server has taken its place."),
                    connection
                );
                await LostAsync(connection).ConfigureAwait(false);
            }
            finally
            {
                _selector.Changed(isConnected: false);
            }
        }

        if (_time.GetElapsedTime(since) > ShortLife)
        {
            _backOff.Reset();
        }
    }

    private void Connected(RedisConnection connection)
    {
        var previous = _previous;
        Volatile.Write(ref _previous, connection.Server);
        _observer?.OnConnected(connection, previous);
        _selector.Changed(isConnected: true);
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
            connection.Close("it is no longer needed.", isInOrder: true);
            lock (_gate)
            {
                Volatile.Write(ref _current, null);
                RenewLocked();
            }

            _observer?.OnDisconnected(connection, await connection.Closed.ConfigureAwait(false));
        }
    }

    /// <summary>Anyone who waits from now on waits for the next connection.</summary>
    private void RenewLocked()
    {
        if (_ready.Task.IsCompleted)
        {
            _ready = NewWaiting();
        }
    }

    private void Failed(LinkTarget? target, RedisConnectException failure)
    {
        if (target is { IsGuess: true })
        {
            return;
        }

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

        _observer?.OnConnectFailed(target?.Endpoint ?? _selector.Place, failure);
    }

    private async Task PauseAsync()
    {
        var pause = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _pause = pause;
        }

        await pause
            .Task.WaitAsync(_backOff.Next(), _time, _stop.Token)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Token.ThrowIfCancellationRequested();
    }
}
