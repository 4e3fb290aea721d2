using ClusterSession.Transport.Options;
using ClusterSession.Transport.Signals;

namespace ClusterSession.Transport.Pipelines;

/// <summary>
/// One connection on which many requests wait for their replies at once. Thread-safe. Once closed
/// it stays closed.
/// </summary>
/// <remarks>
/// <code><![CDATA[
///   callers --Send--> [ _filling ]  --swap-->  [ _sending ] --> stream --> server
///      |     (lock)   [ _ring: request, time sent ]                          |
///      '-- continuation on the pool <-- ReadMessages <-- reader loop <-- [ _input ]
/// ]]></code>
/// Callers copy their request into the filling buffer under a short lock and enter the ring in the
/// same breath, so ring order is wire order. The flush loop sends what has gathered while its last
/// send was under way: under load many requests share one system call, alone a request goes out at
/// once on the caller's thread. Replies are matched by order; what the server sends unasked passes
/// by in between. A request that timed out leaves its slot in the ring, so that its late reply is
/// not taken for the next one's. Rejected: one timer per request (a sweep serves all), a channel
/// per request (two allocations and a wake-up each), System.IO.Pipelines (its segments split
/// scalars).
/// <para>
/// A protocol derives from it: <see cref="ReadMessages"/> finds the messages in bytes,
/// <see cref="BeatAsync"/> asks for a sign of life. Its requests write themselves.
/// </para>
/// </remarks>
internal abstract partial class PipelinedConnection : IAsyncDisposable
{
    private static long _lastEpoch;

    // Guards _ring, _filling, _flushing, _handedOver and _closeReason. Held for copying bytes only,
    // never while calling out or waiting.
    private readonly Lock _gate = new();
    private readonly RequestRing _ring = new();
    private readonly Stream _stream;
    private readonly TransportOptions _options;
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource<ConnectionException> _closed = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );
    private ConnectionException? _closeReason;
    private Task _loops = Task.CompletedTask;
    private long _provenAliveAt;

    /// <summary>
    /// Takes over a connected (and, where wanted, encrypted) stream; <see cref="Start"/> begins
    /// reading.
    /// </summary>
    protected PipelinedConnection(Stream stream, ServerAddress address, TransportOptions options, TimeProvider time)
    {
        _stream = stream;
        _options = options;
        _time = time;
        Address = address;
        Epoch = Interlocked.Increment(ref _lastEpoch);
        _lastReceivedAt = _lastSignAt = _lastSweepAt = time.GetTimestamp();
    }

    /// <summary>Where it is connected to.</summary>
    public ServerAddress Address { get; }

    /// <summary>
    /// Number of this connection in this process, never used twice. What was read under one epoch
    /// says nothing under another.
    /// </summary>
    public long Epoch { get; }

    /// <summary>
    /// The time (of the time provider, <see cref="TimeProvider.GetTimestamp"/>) at which the newest
    /// request was sent whose reply proved that the server serves; 0 before the first. Everything
    /// that the server sent before that time has been handled. Cheap to read.
    /// </summary>
    public long ProvenAliveAt => Volatile.Read(ref _provenAliveAt);

    /// <summary>Whether it is closed. Cheap to read.</summary>
    public bool IsClosed => Volatile.Read(ref _closeReason) is not null;

    /// <summary>Completes when the connection is closed, with the reason; never fails.</summary>
    public Task<ConnectionException> Closed => _closed.Task;

    /// <summary>Requests that wait for their reply.</summary>
    public int InFlight
    {
        get
        {
            lock (_gate)
            {
                return _ring.Count;
            }
        }
    }

    /// <summary>
    /// Whether it is open and has answered something that was sent less than so long ago.
    /// </summary>
    public virtual bool IsProvenAlive(TimeSpan within)
    {
        var provenAt = ProvenAliveAt;
        return provenAt != 0 && !IsClosed && _time.GetElapsedTime(provenAt) < within;
    }

    /// <summary>
    /// Sends a request and returns its result. The task must be awaited exactly once.
    /// </summary>
    /// <exception cref="ConnectionException">(from the task) No reply came;
    /// <see cref="ConnectionException.Sent"/> says what that means.</exception>
    public ValueTask<TResult> SendAsync<TResult>(PipelinedRequest<TResult> request)
    {
        var completion = request.Completion;
        Send(request);
        return completion;
    }

    /// <summary>Closes with a reason of the caller's, such as a server that was demoted.</summary>
    /// <param name="reason">The reason, as the end of a sentence.</param>
    /// <param name="isInOrder">Whether nothing has gone wrong: nobody needs the connection any
    /// more.</param>
    public void Close(string reason, bool isInOrder = false) =>
        CloseWith(sent => new ConnectionException($"The connection to {Address} was closed: {reason}", sent)
        {
            IsInOrder = isInOrder,
        });

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Close("it is no longer needed.");
        await _loops.ConfigureAwait(false);
    }

    /// <summary>Begins reading, sending and watching.</summary>
    internal void Start() =>
        Detached.Run(() =>
        {
            _loops = Task.WhenAll(Task.Run(ReadLoopAsync), Task.Run(FlushLoopAsync));
            StartSweep();
        });

    /// <summary>
    /// Takes the messages that are complete, in order: replies, and what the server sends unasked.
    /// Called on the reader loop.
    /// </summary>
    /// <param name="received">All that was received and not taken yet; begins with the rest of the
    /// last call.</param>
    /// <returns>How many bytes were taken.</returns>
    /// <exception cref="ProtocolException">This is no message of the protocol; the connection will
    /// be closed.</exception>
    protected abstract int ReadMessages(ReadOnlySpan<byte> received);

    /// <summary>
    /// Asks the server for a sign of life. The sweep judges late and missing answers; the
    /// implementation closes the connection where the answer shows another fault.
    /// </summary>
    protected abstract Task BeatAsync();

    /// <summary>
    /// Whether a request that is sent is as good as a heartbeat. Called for each, under the
    /// connection's lock.
    /// </summary>
    protected virtual bool IsHeartbeat(PipelinedRequest request) => true;

    private void CloseWith(Func<bool, ConnectionException> reason)
    {
        var left = new List<(PipelinedRequest Request, bool Sent)>();
        bool wake;
        lock (_gate)
        {
            if (_closeReason is not null)
            {
                return;
            }

            Volatile.Write(ref _closeReason, reason(false));
            while (_ring.Count > 0)
            {
                var sent = _ring.First < _handedOver;
                if (_ring.Dequeue(out _) is { } request)
                {
                    left.Add((request, sent));
                }
            }

            wake = !_flushing;
            _flushing = true;
        }

        _sweep?.Dispose();
        _stream.Dispose();
        if (wake)
        {
            _wake.Set(onThisThread: false);
        }

        foreach (var (request, sent) in left)
        {
            request.FailWithoutThrowing(reason(sent));
        }

        _closed.TrySetResult(_closeReason);
    }
}
