namespace ClusterSession.Histories;

/// <summary>
/// Records requests and faults of a run with one monotonic clock. Thread-safe. A request that was
/// begun and never ended is recorded as unknown: a crash of a client must not hide its writes.
/// </summary>
public sealed class HistoryRecorder(RunInfo run, TimeProvider? time = null)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly long _origin = (time ?? TimeProvider.System).GetTimestamp();
    private readonly Lock _lock = new();
    private readonly List<HistoryEvent> _events = []; // under _lock
    private readonly List<FaultEvent> _faults = []; // under _lock
    private readonly HashSet<OpenFault> _openFaults = []; // under _lock
    private readonly HashSet<OpenRequest> _openRequests = []; // under _lock
    private int _commits; // under _lock

    public RunInfo Run { get; } = run;

    /// <summary>Nanoseconds since the recorder was made.</summary>
    public long NowNs => (long)_time.GetElapsedTime(_origin).TotalNanoseconds;

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _events.Count;
            }
        }
    }

    /// <summary>Acknowledged requests that wrote something.</summary>
    public int Commits
    {
        get
        {
            lock (_lock)
            {
                return _commits;
            }
        }
    }

    /// <summary>Call directly before the request is sent.</summary>
    /// <param name="request">All that is known before; times and result are set by the
    /// recorder.</param>
    public OpenRequest Begin(HistoryEvent request)
    {
        var open = new OpenRequest(this, request with { InvokeNs = NowNs, Result = RequestResult.Info });
        lock (_lock)
        {
            _openRequests.Add(open);
        }
        return open;
    }

    public OpenFault BeginFault(
        string kind,
        string target,
        FaultLayer layer,
        string? note = null,
        FaultEffect effect = FaultEffect.Outage,
        string? restarted = null
    )
    {
        var open = new OpenFault(
            this,
            new FaultEvent
            {
                Kind = kind,
                Target = target,
                Layer = layer,
                Effect = effect,
                Restarted = restarted,
                StartNs = NowNs,
                Note = note,
            }
        );
        lock (_lock)
        {
            _openFaults.Add(open);
        }
        return open;
    }

    /// <summary>
    /// What was read as final turned out to be too early: it stays in the history as ordinary
    /// reads.
    /// </summary>
    public void NothingIsFinalYet()
    {
        lock (_lock)
        {
            for (var i = 0; i < _events.Count; i++)
            {
                _events[i] = _events[i] with { Flags = _events[i].Flags & ~EventFlags.Final };
            }
        }
    }

    /// <summary>
    /// The history up to now, ordered by begin. Requests still under way have no end
    /// (<see cref="long.MaxValue"/>).
    /// </summary>
    public History ToHistory()
    {
        lock (_lock)
        {
            return new History
            {
                Run = Run,
                Events =
                [
                    .. _events
                        .Concat(_openRequests.Select(o => o.Request with { CompleteNs = long.MaxValue }))
                        .OrderBy(e => e.InvokeNs),
                ],
                Faults = [.. _faults.Concat(_openFaults.Select(o => o.Fault)).OrderBy(f => f.StartNs)],
            };
        }
    }

    /// <summary>A request on its way.</summary>
    public sealed class OpenRequest
    {
        private readonly HistoryRecorder _recorder;

        internal OpenRequest(HistoryRecorder recorder, HistoryEvent request)
        {
            _recorder = recorder;
            Request = request;
        }

        public HistoryEvent Request { get; }

        /// <summary>
        /// Call directly after the answer has been read whole, or has failed to come. Only the
        /// first call counts.
        /// </summary>
        /// <param name="finish">Adds what the answer said.</param>
        public HistoryEvent End(RequestResult result, Func<HistoryEvent, HistoryEvent>? finish = null)
        {
            var completed = Request with { CompleteNs = _recorder.NowNs, Result = result };
            completed = finish is null ? completed : finish(completed);
            lock (_recorder._lock)
            {
                if (_recorder._openRequests.Remove(this))
                {
                    _recorder._events.Add(completed);
                    _recorder._commits +=
                        result == RequestResult.Ok
                        && completed.Ops.Any(o =>
                            o.Kind is OpKind.Append or OpKind.Set or OpKind.Remove or OpKind.Counter
                        )
                            ? 1
                            : 0;
                }
            }
            return completed;
        }
    }

    /// <summary>A fault that lasts.</summary>
    public sealed class OpenFault
    {
        private readonly HistoryRecorder _recorder;

        internal OpenFault(HistoryRecorder recorder, FaultEvent fault)
        {
            _recorder = recorder;
            Fault = fault;
        }

        public FaultEvent Fault { get; private set; }

        /// <summary>The effect was seen.</summary>
        public void Confirm(string? note = null)
        {
            lock (_recorder._lock)
            {
                Fault = Fault with { Confirmed = true, ConfirmedNs = _recorder.NowNs, Note = note ?? Fault.Note };
            }
        }

        public void Heal()
        {
            lock (_recorder._lock)
            {
                if (_recorder._openFaults.Remove(this))
                {
                    Fault = Fault with { EndNs = _recorder.NowNs };
                    _recorder._faults.Add(Fault);
                }
            }
        }
    }
}
