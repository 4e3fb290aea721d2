using ClusterSession.Transport.Options;
using ClusterSession.Transport.Pipelines;
using ClusterSession.Transport.Signals;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Transport.Links;

/// <summary>
/// Keeps one place connected: connects, waits until the connection is lost, pauses,
/// connects again. Thread-safe.
/// </summary>
/// <remarks>
/// <code>
///           selector: whom?           selector: accept?   observer
///   pause --> [ target ] --> [ connect ] --> [ admit ] --> [ handed out ] --> lost, or left
///     ^                          |               |                                 |
///     '--------------------------+---------------+---------------------------------'
/// </code>
/// Who is there is the selector's knowledge (<see cref="IEndpointSelector{TConnection}"/>): a list
/// of addresses, or what a directory names; it may leave a target that is connected. At most one
/// connection is handed out at a time, so one node never uses two servers of one place at once.
/// Failures that need an operator (wrong password, untrusted certificate) are told to waiting
/// callers at once; others are waited out.
/// </remarks>
/// <typeparam name="TConnection">The connection of the protocol.</typeparam>
internal sealed class ReconnectingLink<TConnection> : IAsyncDisposable
    where TConnection : PipelinedConnection
{
    // A connection that lived shorter was no success: without this a server that accepts and drops
    // would be hammered. With a whole second, planned failovers that followed each other grew the
    // pauses until a node found the new master a second later than the others.
    private static readonly TimeSpan ShortLife = TimeSpan.FromMilliseconds(200);

    private readonly IEndpointSelector<TConnection> _selector;
    private readonly Func<ServerAddress, CancellationToken, Task<TConnection>> _connect;
    private readonly TimeSpan _connectTimeout;
    private readonly TimeProvider _time;
    private readonly BackOff _backOff;
    private readonly ILinkObserver<TConnection>? _observer;
    private readonly CancellationTokenSource _stop = new();

    // Guards _ready, _pause, _lastFailure and each write of _current. Not held while calling out.
    private readonly Lock _gate = new();
    private TaskCompletionSource<TConnection> _ready = NewWaiting();
    private TaskCompletionSource? _pause;
    private ConnectException? _lastFailure;
    private TConnection? _current;
    private Task _loop = Task.CompletedTask;

    /// <summary>A link that has not begun to connect.</summary>
    /// <param name="selector">Says whom to connect to; used by this link only. Its text names the
    /// place in messages.</param>
    /// <param name="connect">Makes a connection, as <see
    /// cref="Connector{TConnection}.ConnectAsync"/> does.</param>
    /// <param name="options">How long callers wait, and the longest pause between attempts.</param>
    /// <param name="time">Clock of all deadlines.</param>
    /// <param name="random">Used by this link's loop only.</param>
    /// <param name="observer">Hears of connections made and lost.</param>
    public ReconnectingLink(
        IEndpointSelector<TConnection> selector,
        Func<ServerAddress, CancellationToken, Task<TConnection>> connect,
        TransportOptions options,
        TimeProvider time,
        Random random,
        ILinkObserver<TConnection>? observer
    )
    {
        _selector = selector;
        _connect = connect;
        _connectTimeout = options.ConnectTimeout;
        _time = time;
        _backOff = new BackOff(options.ReconnectMaxDelay, random);
        _observer = observer;
    }

    /// <summary>The open connection, or null. Cheap to read.</summary>
    public TConnection? Current => Volatile.Read(ref _current) is { IsClosed: false } connection ? connection : null;

    /// <summary>
    /// Why the last attempt to connect failed; null while connected and before the first failure.
    /// </summary>
    public ConnectException? LastFailure => Volatile.Read(ref _lastFailure);

    /// <summary>Begins connecting. Called once.</summary>
    public void Start() => Detached.Run(() => _loop = Task.Run(RunAsync));

    /// <summary>The open connection; waits for one at most for the connect timeout.</summary>
    /// <exception cref="ConnectException">There is none; nothing was sent.</exception>
    public ValueTask<TConnection> GetAsync(CancellationToken cancellationToken) =>
        Current is { } connection
            ? new ValueTask<TConnection>(connection)
            : new ValueTask<TConnection>(WaitAsync(cancellationToken));

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
                new ConnectException(ConnectFailure.Unreachable, $"The connection to {_selector} is no longer needed.")
            );
            _ = _ready.Task.Exception;
        }

        _stop.Dispose();
    }

    private static TaskCompletionSource<TConnection> NewWaiting() =>
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task<TConnection> WaitAsync(CancellationToken cancellationToken)
    {
        var begun = _time.GetTimestamp();
        while (true)
        {
            Task<TConnection> ready;
            lock (_gate)
            {
                if (_lastFailure is { NeedsOperator: true } failure)
                {
                    throw new ConnectException(failure.Failure, failure.Message, failure);
                }
                // The connection is closed, and the loop has not seen that yet. Callers wait for
                // the next connection and do not look again and again: hundreds of callers that did
                // so kept the loop itself from the pool's threads, for seconds.
                if (_current is { IsClosed: true })
                {
                    RenewLocked();
                }

                ready = _ready.Task;
            }

            var left = _connectTimeout - _time.GetElapsedTime(begun);
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
                throw new ConnectException(
                    ConnectFailure.TimedOut,
                    $"No connection to {_selector} within {_connectTimeout.TotalMilliseconds:0} ms (ConnectTimeout)."
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
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // An observer or selector that throws must not end the link for good.
                await Task.Delay(_backOff.Next(), _time, _stop.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
        catch (ConnectionException e)
        {
            // Lost while it was judged: as if it had not been made.
            var failure = e as ConnectException ?? new ConnectException(ConnectFailure.Unreachable, e.Message, e);
            target?.Attempt.ThrowIfCancellationRequested();
            Failed(target, failure);
            return !_selector.Failed(target, failure);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // An observer that throws must not end the link for good.
            Failed(
                target,
                new ConnectException(ConnectFailure.Unreachable, $"Connecting to {_selector} failed: {e.Message}", e)
            );
            return true;
        }
    }

    private async Task ServeAsync(LinkTarget target)
    {
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, target.Attempt);
        var connection = await _connect(target.Address, attempt.Token).ConfigureAwait(false);
        var since = _time.GetTimestamp();
        await using (connection.ConfigureAwait(false))
        {
            await _selector.AdmitAsync(connection, target, attempt.Token).ConfigureAwait(false);
            attempt.Token.ThrowIfCancellationRequested();
            Connected(connection);
            try
            {
                using var left = target.Connection.UnsafeRegister(
                    static c => ((PipelinedConnection)c!).Close("another server has taken its place."),
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

    private void Connected(TConnection connection)
    {
        _observer?.OnConnected(connection);
        _selector.Changed(isConnected: true);
        lock (_gate)
        {
            _lastFailure = null;
            Volatile.Write(ref _current, connection);
            _ready.TrySetResult(connection);
        }
    }

    private async Task LostAsync(TConnection connection)
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

    private void Failed(LinkTarget? target, ConnectException failure)
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

        _observer?.OnConnectFailed(target?.Address ?? _selector.Place, failure);
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
