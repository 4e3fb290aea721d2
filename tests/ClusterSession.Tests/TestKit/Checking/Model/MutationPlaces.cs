using ClusterSession.Histories;
using ClusterSession.Histories.Checking;

namespace ClusterSession.Tests.TestKit.Checking.Model;

/// <summary>
/// Finds places in a history where a mistake would be a mistake beyond doubt, and puts it there.
/// </summary>
internal sealed class MutationPlaces
{
    private readonly History _history;
    private readonly Random _random;

    public MutationPlaces(History history, Random random)
    {
        _history = history;
        _random = random;
        Sessions = new CheckContext(history, CheckOptions.Default).Sessions;
    }

    public IReadOnlyList<SessionHistory> Sessions { get; }

    /// <summary>Reads by clients with one request at a time, of their own living session.</summary>
    public IEnumerable<(SessionHistory Session, HistoryEvent Event)> PlainReads(OpKind kind) =>
        from session in Sessions
        from e in session.Events
        where e.ClientKind is ClientKind.Sequential or ClientKind.Device
        where
            e.Result == RequestResult.Ok
            && session.IsOwn(e)
            && !e.Has(EventFlags.NewSession)
            && e.Ops.Count == 1
            && e.Ops[0].Kind == kind
        select (session, e);

    public IEnumerable<HistoryEvent> Answered(OpKind kind) =>
        _history.Events.Where(e => e.Result == RequestResult.Ok && e.Ops.Count == 1 && e.Ops[0].Kind == kind);

    public IEnumerable<(HistoryEvent Event, Op Op)> Writes(SessionHistory session, OpKind kind) =>
        from e in session.Events
        from o in e.Ops
        where o.Kind == kind
        select (e, o);

    public T? Pick<T>(IEnumerable<T> candidates)
        where T : class
    {
        var all = candidates.ToList();
        return all.Count == 0 ? null : all[_random.Next(all.Count)];
    }

    public (T1 First, T2 Second)? Pick<T1, T2>(IEnumerable<(T1, T2)> candidates)
    {
        var all = candidates.ToList();
        return all.Count == 0 ? null : all[_random.Next(all.Count)];
    }

    public (T1 First, T2 Second, T3 Third)? Pick<T1, T2, T3>(IEnumerable<(T1, T2, T3)> candidates)
    {
        var all = candidates.ToList();
        return all.Count == 0 ? null : all[_random.Next(all.Count)];
    }

    public History Replace(HistoryEvent old, HistoryEvent changed) =>
        _history.With(_history.Events.Select(e => ReferenceEquals(e, old) ? changed : e));

    public History Replace(Func<HistoryEvent, HistoryEvent> change) => _history.With(_history.Events.Select(change));

    public History Drop(HistoryEvent old) => _history.With(_history.Events.Where(e => !ReferenceEquals(e, old)));

    public static HistoryEvent WithGet(HistoryEvent read, string? value) =>
        read with
        {
            Ops = [Op.Get(read.Ops[0].Key!, value)],
        };

    public static HistoryEvent WithList(HistoryEvent read, Func<IReadOnlyList<string>, IEnumerable<string>> change) =>
        read with
        {
            Ops = [.. read.Ops.Select(o => o.Kind == OpKind.List ? Op.List([.. change(o.Values!)]) : o)],
        };

    public static bool Lists(HistoryEvent read, string entry) =>
        read.Ops.Any(o => o.Kind == OpKind.List && o.Values!.Contains(entry));
}
