using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Signals;

namespace ClusterSession.Redis.Connection;

/// <summary>
/// One multiplexed, pipelined RESP3 connection. Thread-safe. Made by <see cref="RedisConnector"/>;
/// once closed it stays closed.
/// </summary>
/// <remarks>
/// <code>
///   callers --Send--> [ _filling ]  --swap-->  [ _sending ] --> stream --> server
///      |     (lock)   [ _ring: request, time sent ]                          |
///      '-- continuation on the pool &lt;-- ParseReply &lt;-- reader loop &lt;-- [ _input ]
/// </code>
/// Callers copy their command into the filling buffer under a short lock and enter the ring in the
/// same breath, so ring order is wire order. The flush loop sends what has gathered while its last
/// send was under way: under load many commands share one system call, alone a command goes out at
/// once on the caller's thread. Replies are matched by order; pushes pass by in between. A request
/// that timed out leaves its slot in the ring, so that its late reply is not taken for the next
/// one's. Rejected: one timer per command (a sweep serves all), a channel per command (two
/// allocations and a wake-up each), System.IO.Pipelines (its segments split scalars, see
/// <see cref="RespScanner"/>).
/// </remarks>
internal sealed partial class RedisConnection : IAsyncDisposable
{
    private static long _lastEpoch;

    // Guards _ring, _filling, _flushing, _handedOver and _closeReason. Held for copying bytes only,
    // never while calling out or waiting.
    private readonly Lock _gate = new();
    private readonly RequestRing _ring = new();
    private readonly Stream _stream;
    private readonly RedisOptions _options;
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource<RedisConnectionException> _closed = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );
    private RedisConnectionException? _closeReason;
    private Task _loops = Task.CompletedTask;
    private long _provenAliveAt;

    /// <summary>
    /// Takes over a connected (and, where wanted, encrypted) stream; <see cref="Start"/> begins
    /// reading.
    /// </summary>
    internal RedisConnection(
        Stream stream,
        RedisEndpoint endpoint,
        RedisOptions options,
        TimeProvider time,
        IRedisPushHandler? pushHandler
    )
    {
        _stream = stream;
        _options = options;
        _time = time;
        _pushHandler = pushHandler;
        _scanner = new RespScanner(new RespLimits(options.MaxReplyBytes), skipsTooLong: true);
        Endpoint = endpoint;
        Epoch = Interlocked.Increment(ref _lastEpoch);
        _lastReceivedAt = _lastSentAt = _lastKeyedSentAt = _lastSweepAt = time.GetTimestamp();
    }

    /// <summary>Where it is connected to.</summary>
    public RedisEndpoint Endpoint { get; }

    /// <summary>
    /// Number of this connection in this process, never used twice. What was read under one epoch
    /// says nothing under another.
    /// </summary>
    public long Epoch { get; }

    /// <summary>
    /// Which partition of the keys it serves; set before it is handed out. 0 where there is one.
    /// </summary>
    public int Partition { get; set; }

    /// <summary>
    /// Why the server is known not to push invalidations of what is read here; null: nothing speaks
    /// against it.
    /// </summary>
    public string? Untracked { get; internal set; }

    /// <summary>
    /// The attempt to prove that the server pushes what changes; null before the first. See
    /// <see cref="TrackingProbe"/>.
    /// </summary>
    public TrackingProbe? Probe { get; internal set; }

    /// <summary>Commands of the handshake that were refused, and what goes without them.</summary>
    public IReadOnlyList<RefusedCommand> Refused { get; internal set; } = [];

    /// <summary>
    /// Of a server of a cluster: who knows whether it still decides on its keys; set before it is
    /// handed out. Null: each answer proves the lease.
    /// </summary>
    public ISlotRuler? Ruler { get; set; }

    /// <summary>
    /// What the server has to show to count as the ruler; set before it is handed out. Null:
    /// nothing.
    /// </summary>
    public ILeaseGate? Gate { get; set; }

    /// <summary>The server at the other end, as it was when the connection was made.</summary>
    public RedisServerIdentity Server { get; internal set; } = new("", "", "", -1, 0, RedisRole.Unknown, "", "");

    internal EchoFilter Echo { get; } = new();

    /// <summary>
    /// The time (of the time provider, <see cref="TimeProvider.GetTimestamp"/>) at which the newest
    /// request that proved the lease was sent; 0 before the first. Any answer proves it, but in a
    /// cluster (<see cref="Ruler"/>) only one that is no error, to a command with a key, and behind
    /// a <see cref="Gate"/> only the lease record. Every invalidation that the server sent before
    /// that time has been handled. Cheap to read.
    /// </summary>
    public long ProvenAliveAt => Volatile.Read(ref _provenAliveAt);

    /// <summary>Whether it is closed. Cheap to read.</summary>
    public bool IsClosed => Volatile.Read(ref _closeReason) is not null;

    /// <summary>Completes when the connection is closed, with the reason; never fails.</summary>
    public Task<RedisConnectionException> Closed => _closed.Task;

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
    /// Whether it is open and has answered something that was sent less than so long ago, and the
    /// map of slots is as new: the lease for serving local copies unasked.
    /// </summary>
    public bool IsProvenAlive(TimeSpan within)
    {
        var provenAt = ProvenAliveAt;
        return provenAt != 0
            && !IsClosed
            && _time.GetElapsedTime(provenAt) < within
            && (Ruler is null || Ruler.IsMapCurrent(within));
    }

    /// <summary>
    /// Sends a request and returns its result. The task must be awaited exactly once.
    /// </summary>
    /// <exception cref="RedisServerException">(from the task) The server answered with an error,
    /// unless the request makes a result of it.</exception>
    /// <exception cref="RedisConnectionException">(from the task) No reply came;
    /// <see cref="RedisConnectionException.Sent"/> says what that means.</exception>
    public ValueTask<TResult> SendAsync<TResult>(RedisRequest<TResult> request)
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
        CloseWith(sent => new RedisConnectionException($"The connection to {Endpoint} was closed: {reason}", sent)
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

    private void CloseWith(Func<bool, RedisConnectionException> reason)
    {
        var left = new List<(RedisRequest Request, bool Sent)>();
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
            request.Fail(reason(sent));
        }

        _closed.TrySetResult(_closeReason);
    }
}
