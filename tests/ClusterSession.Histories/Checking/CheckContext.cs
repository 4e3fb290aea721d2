using ClusterSession.Histories;

namespace ClusterSession.Histories.Checking;

/// <summary>
/// A history with the indexes that the checks share. Immutable after construction.
/// </summary>
public sealed class CheckContext
{
    private readonly Dictionary<string, (HistoryEvent Event, Op Op)> _writers = [];
    private readonly List<(string Value, HistoryEvent First, HistoryEvent Second)> _duplicateWrites = [];

    public CheckContext(History history, CheckOptions options)
    {
        History = history;
        Options = options;
        OutageWindows = WitnessedOutages.Find(history.Events);
        DoubleFaultWindows = DoubleFaults.Find(history.Faults, options.DoubleFaultReach);
        Sessions =
        [
            .. history
                .Events.GroupBy(e => e.Session)
                .OrderBy(g => g.Key)
                .Select(g => new SessionHistory(
                    g.Key,
                    [.. g.OrderBy(e => e.InvokeNs).ThenBy(e => e.Client).ThenBy(e => e.Request)],
                    options
                )),
        ];
        Losses = new StoreLosses(history, options);
        foreach (var session in Sessions)
        {
            session.MayBeForgottenNs = ForgottenSince(session);
        }

        foreach (var request in history.Events)
        {
            foreach (var op in request.Ops.Where(o => o.Kind is OpKind.Set or OpKind.Append && o.Value is not null))
            {
                if (!_writers.TryAdd(op.Value!, (request, op)))
                {
                    _duplicateWrites.Add((op.Value!, _writers[op.Value!].Event, request));
                }
            }
        }
    }

    public History History { get; }

    public CheckOptions Options { get; }

    public IReadOnlyList<SessionHistory> Sessions { get; }

    /// <summary>What a store excuses that has lost something.</summary>
    internal StoreLosses Losses { get; }

    /// <summary>When the store was away by what was answered, whatever the reason.</summary>
    public IReadOnlyList<TimeWindow> OutageWindows { get; }

    public IReadOnlyList<TimeWindow> DoubleFaultWindows { get; }

    /// <summary>
    /// Values written twice: the load program's mistake, which makes every other result worthless.
    /// </summary>
    public IReadOnlyList<(string Value, HistoryEvent First, HistoryEvent Second)> DuplicateWrites => _duplicateWrites;

    public bool TryGetWriter(string value, out (HistoryEvent Event, Op Op) writer) =>
        _writers.TryGetValue(value, out writer);

    /// <summary>Whether a loss between the two is excused, provided that it was reported.</summary>
    public bool MayRegress(HistoryEvent from, HistoryEvent to) =>
        InDoubleFault(from, to)
        || (
            Options.RegressionsMayBeReportedDuringFaults
            && (
                IsNearFault(from.InvokeNs, to.CompleteNs, static fault => fault.Effect == FaultEffect.Outage)
                || IsNearWitnessedOutage(from.InvokeNs, to.CompleteNs)
            )
        );

    /// <summary>
    /// Whether two nodes had been committing to the session when the store vanished: each goes on
    /// with what it has, if that contains what the client's cookie names, and tells clients that
    /// may have seen the other's commit. That one may be made long before, and replayed into the
    /// store just now.
    /// </summary>
    public bool MayLackAnothersCommit(SessionHistory session, HistoryEvent request) =>
        request is { TokenSent: { } sent, Served: { } served }
        && served >= sent
        && (
            IsNearFault(request.InvokeNs, request.CompleteNs, static fault =>
                fault.Layer != FaultLayer.Node && fault.Effect == FaultEffect.Outage
            ) || IsNearWitnessedOutage(request.InvokeNs, request.CompleteNs)
        )
        && session.Events.Any(other =>
            other.Node != request.Node
            && other.Result != RequestResult.Fail
            && other.InvokeNs < request.CompleteNs
            && other.Ops.Any(static op => op.Kind is OpKind.Append or OpKind.Set or OpKind.Remove or OpKind.Counter)
        );

    /// <summary>
    /// Whether such a fault lasted, or had been healed no longer than the settle time before.
    /// </summary>
    public bool IsNearFault(long fromNs, long toNs, Func<FaultEvent, bool> which)
    {
        var settleNs = (long)Options.SettleTime.TotalNanoseconds;
        return History.Faults.Any(f =>
            which(f) && f.StartNs <= toNs && (f.EndNs > long.MaxValue - settleNs || f.EndNs + settleNs >= fromNs)
        );
    }

    private bool IsNearWitnessedOutage(long fromNs, long toNs)
    {
        var settleNs = (long)Options.SettleTime.TotalNanoseconds;
        return OutageWindows.Any(window => window.Overlaps(fromNs - settleNs, toNs));
    }

    /// <summary>
    /// How bad it is that what <paramref name="earlier"/> did or saw is missing in
    /// <paramref name="reader"/>: excused by a double fault (or what the options allow) only, and
    /// only if the session said so.
    /// </summary>
    public OutcomeClass ClassOfLoss(SessionHistory session, HistoryEvent earlier, HistoryEvent reader) =>
        ClassOf(session, earlier, reader, static (context, from, to) => context.MayRegress(from, to));

    /// <summary>
    /// The same for what is missing at the end, when every fault is healed: nothing but a double
    /// fault excuses it, or a store that has lost what no node holds.
    /// </summary>
    public OutcomeClass ClassOfFinalLoss(SessionHistory session, HistoryEvent earlier, HistoryEvent reader) =>
        ClassOf(session, earlier, reader, static (context, from, to) => context.InDoubleFault(from, to));

    private OutcomeClass ClassOf(
        SessionHistory session,
        HistoryEvent earlier,
        HistoryEvent reader,
        Func<CheckContext, HistoryEvent, HistoryEvent, bool> mayBeReported
    )
    {
        if (LostWithItsNode(earlier))
        {
            return OutcomeClass.Budget;
        }

        return LostUnnamed(session, earlier, reader) ? OutcomeClass.Forgotten
            : !WasTold(session, earlier, reader) ? OutcomeClass.Never
            : mayBeReported(this, earlier, reader) ? OutcomeClass.Budget
            : Losses.Excuse(session, earlier, reader) ? OutcomeClass.Forgotten
            : OutcomeClass.Never;
    }

    /// <summary>
    /// Whether the store had lost what the request's client had seen last, and no node held it.
    /// </summary>
    public bool MayBeForgotten(SessionHistory session, HistoryEvent request)
    {
        var seen = session.Events.LastOrDefault(e =>
            e.Result == RequestResult.Ok
            && e.CompleteNs < request.CompleteNs
            && e != request
            && request.TokenSent is { } sent
            && (e.Committed == sent || e.TokenReceived == sent || e.Served == sent)
        );
        return Losses.Excuse(session, seen ?? session.Events[0], request);
    }

    // From when on a session is a new one to everybody, because the store has lost it and nobody
    // has it.
    private long ForgottenSince(SessionHistory session)
    {
        HistoryEvent? last = null;
        foreach (
            var request in session.Events.Where(e => e.Result == RequestResult.Ok && !e.Has(EventFlags.ServedEmpty))
        )
        {
            if (last is not null && request.Has(EventFlags.NewSession))
            {
                if (
                    session.IsOwn(request)
                    && session.Destructions.All(d => d.InvokeNs > request.CompleteNs)
                    && Losses.ExcuseSession(session, last, request)
                )
                {
                    return request.InvokeNs;
                }
            }
            else if (
                session.IsOwn(request)
                && (last is not null || request.Ops.Any(o => o.Kind is OpKind.Set or OpKind.Append or OpKind.Counter))
            )
            {
                last = request;
            }
        }

        return long.MaxValue;
    }

    private bool InDoubleFault(HistoryEvent from, HistoryEvent to) =>
        DoubleFaultWindows.Any(w => w.Overlaps(from.InvokeNs, to.CompleteNs));

    /// <summary>
    /// Whether the client was told of a loss in between. What was lost may come back later, when a
    /// node that holds it reaches the store again. Telling another client is not telling.
    /// </summary>
    internal static bool WasTold(SessionHistory session, HistoryEvent earlier, HistoryEvent reader) =>
        session.Events.Any(e =>
            e.Has(EventFlags.Regressed)
            && (e.Client == reader.Client || e.Client == earlier.Client)
            && e.CompleteNs >= earlier.InvokeNs
            && e.InvokeNs <= reader.CompleteNs
        );

    /// <summary>
    /// Whether the store has lost a commit that no node holds, and no client can be told, since
    /// none has a cookie that names it.
    /// </summary>
    internal bool LostUnnamed(SessionHistory session, HistoryEvent commit, HistoryEvent reader) =>
        WasNeverNamed(session, commit, reader) && Losses.Excuse(session, commit, reader);

    /// <summary>
    /// Whether the client never asked with a cookie that names the commit, because it had sent
    /// several requests at once, and another one was answered later: a client keeps one cookie, and
    /// a cookie names one commit. Nobody can tell such a client that the commit is gone.
    /// </summary>
    private static bool WasNeverNamed(SessionHistory session, HistoryEvent commit, HistoryEvent reader) =>
        commit.Committed is { } version
        && session.Events.Any(e =>
            e.Client == commit.Client && e.InvokeNs < commit.CompleteNs && e.CompleteNs > commit.CompleteNs
        )
        && !session.Events.Any(e =>
            (e.Client == commit.Client || e.Client == reader.Client)
            && e.CompleteNs > commit.CompleteNs
            && e.TokenSent is { } sent
            && sent >= version
        );

    /// <summary>
    /// Acknowledged under <c>Local</c> by a node that was killed before it had to flush.
    /// </summary>
    public bool LostWithItsNode(HistoryEvent write) =>
        (write.Durability ?? History.Run.Durability) == "Local"
        && History.Faults.Any(f =>
            f.Layer == FaultLayer.Node
            && f.Target == write.Node
            && Math.Max(f.StartNs, f.ConfirmedNs) >= write.InvokeNs
            && f.StartNs - write.CompleteNs <= Options.LocalFlushInterval.TotalNanoseconds
        );

    /// <summary>
    /// What an answered request read, one item per value found; null where an attribute was absent.
    /// </summary>
    public static IEnumerable<(Op Op, string? Value)> ReadsOf(HistoryEvent request)
    {
        if (request.Result != RequestResult.Ok)
        {
            yield break;
        }
        foreach (var op in request.Ops)
        {
            if (op.Kind == OpKind.Get)
            {
                yield return (op, op.Value);
            }
            else if (op is { Kind: OpKind.List, Values: { } values })
            {
                foreach (var value in values)
                {
                    yield return (op, value);
                }
            }
        }
    }
}
