using ClusterSession.Histories;
using static ClusterSession.Tests.TestKit.Checking.Model.MutationPlaces;

namespace ClusterSession.Tests.TestKit.Checking.Model;

/// <summary>
/// Mistakes in versions, in what is left at the end, and in what should have ended.
/// </summary>
internal static class RunMutations
{
    public static IReadOnlyList<Mutation> All { get; } =
    [new("lost: an acknowledged entry is missing at the end", ["LOST-ENTRY"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            var kept =
                from session in at.Sessions
                from write in at.Writes(session, OpKind.Append)
                where write.Event.Result == RequestResult.Ok && session.IsOwn(write.Event)
                where
                    session.Events.Any(e =>
                        e.Has(EventFlags.Final) && Lists(e, write.Op.Value!) && !session.MayBeGone(write.Op.Key!, e)
                    )
                select write.Op.Value;
            return at.Pick(kept) is { } entry
                ? at.Replace(e => e.Has(EventFlags.Final) ? WithList(e, v => v.Where(x => x != entry)) : e)
                : null;
        }), new("lost: a register is gone at the end", ["LOST-VALUE"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            var kept =
                from session in at.Sessions
                from write in at.Writes(session, OpKind.Set)
                where write.Event.Result == RequestResult.Ok && session.IsOwn(write.Event)
                where session.Events.Any(e => e.Has(EventFlags.Final) && !session.MayBeGone(write.Op.Key!, e))
                select (session.Session, write.Op.Key!);
            return at.Pick(kept) is var (number, key) ? at.Replace(e => EndsAs(e, number, key, null)) : null;
        }), new("lost: a superseded register value wins", ["SUPERSEDED-VALUE-WON"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            var pairs =
                from session in at.Sessions
                from old in at.Writes(session, OpKind.Set)
                where
                    old.Event.Result == RequestResult.Ok
                    && session.IsOwn(old.Event)
                    && old.Op == old.Event.Ops.Last(o => o.Key == old.Op.Key)
                from next in at.Writes(session, OpKind.Set)
                where
                    next.Event.Result == RequestResult.Ok
                    && session.IsOwn(next.Event)
                    && next.Event.Client == old.Event.Client
                where next.Op.Key == old.Op.Key && old.Event.Precedes(next.Event)
                where session.Events.Any(e => e.Has(EventFlags.Final) && !session.MayBeGone(old.Op.Key!, e))
                select (session.Session, old.Op);
            return at.Pick(pairs) is var (number, op) ? at.Replace(e => EndsAs(e, number, op.Key!, op.Value)) : null;
        }), new("diverged: one node shows less at the end", ["DIVERGED"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            return at.Pick(history.Events.Where(e => e.Has(EventFlags.Final) && e.Ops[0].Values!.Count > 0)) is { } read
                ? at.Replace(read, WithList(read, v => v.Skip(1)))
                : null;
        }), new("resurrected: a destroyed session is read", ["RESURRECTED"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            var dead =
                from session in at.Sessions
                from end in session.Destructions
                where end.Result == RequestResult.Ok
                from read in session.Events
                where
                    end.CompleteNs < read.InvokeNs
                    && read.Result == RequestResult.Ok
                    && read.Ops.Any(o => o.Kind == OpKind.List)
                from write in at.Writes(session, OpKind.Append)
                where write.Event.Result == RequestResult.Ok && write.Event.CompleteNs < end.InvokeNs
                select (read, write.Op);
            return at.Pick(dead) is var (reader, op)
                ? at.Replace(reader, WithList(reader, v => [.. v, op.Value!]))
                : null;
        }), new("half dead: seen gone after an unanswered end, then back", ["RESURRECTED"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            var gone =
                from session in at.Sessions
                where
                    session.Destructions.Count > 0
                    && session.Destructions.All(d =>
                        d.Result == RequestResult.Info && d.Ops.Any(o => o.Kind == OpKind.Destroy)
                    )
                from seen in session.Events
                where
                    seen.Has(EventFlags.NewSession)
                    && seen.Result == RequestResult.Ok
                    && seen.InvokeNs > session.Destructions.Min(d => d.InvokeNs)
                    && session.IsOwn(seen)
                from read in session.Events
                where seen.Precedes(read) && read.Result == RequestResult.Ok && read.Ops.Any(o => o.Kind == OpKind.List)
                from write in at.Writes(session, OpKind.Append)
                where write.Event.Result == RequestResult.Ok && write.Event.Precedes(session.Destructions[0])
                select (read, write.Op);
            return at.Pick(gone) is var (reader, op)
                ? at.Replace(reader, WithList(reader, v => [.. v, op.Value!]))
                : null;
        }), new("undead write: an entry written with an ended session's cookie is kept", ["WROTE-AFTER-END"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            var dead =
                from session in at.Sessions
                from end in session.Destructions
                where end.Result == RequestResult.Ok
                from write in at.Writes(session, OpKind.Append)
                where write.Event.Result == RequestResult.Ok && end.CompleteNs < write.Event.InvokeNs
                from read in session.Events
                where
                    write.Event.Precedes(read)
                    && read.Result == RequestResult.Ok
                    && read.Ops.Any(o => o.Kind == OpKind.List)
                select (read, write.Op);
            return at.Pick(dead) is var (reader, op)
                ? at.Replace(reader, WithList(reader, v => [.. v, op.Value!]))
                : null;
        }), new("thief: a cookie from before a renewal reads", ["OLD-ID-READS"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            var old =
                from session in at.Sessions
                from renewal in session.Renewals
                where renewal.Result == RequestResult.Ok
                from read in session.Events
                where
                    read.Generation <= renewal.Generation
                    && renewal.CompleteNs < read.InvokeNs
                    && read.Result == RequestResult.Ok
                    && read.Ops.Any(o => o.Kind == OpKind.List)
                from write in at.Writes(session, OpKind.Append)
                where write.Event.Result == RequestResult.Ok && write.Event.CompleteNs < read.InvokeNs
                select (read, write.Op);
            return at.Pick(old) is var (reader, op)
                ? at.Replace(reader, WithList(reader, v => [.. v, op.Value!]))
                : null;
        }), new("thief: a cookie from before a renewal writes", ["OLD-ID-WRITES"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            var old =
                from session in at.Sessions
                from renewal in session.Renewals
                where renewal.Result == RequestResult.Ok
                from write in at.Writes(session, OpKind.Append)
                where write.Event is { ClientKind: ClientKind.Thief, Result: RequestResult.Ok }
                where write.Event.Generation <= renewal.Generation && renewal.CompleteNs < write.Event.InvokeNs
                from read in session.Events
                where write.Event.Precedes(read) && read.Has(EventFlags.Final)
                select (read, write.Op);
            return at.Pick(old) is var (reader, op)
                ? at.Replace(reader, WithList(reader, v => [.. v, op.Value!]))
                : null;
        }), new("silent regression: served from a copy older than the token", ["SILENT-REGRESSION"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            return
                at.Pick(
                    history.Events.Where(e =>
                        e.Result == RequestResult.Ok
                        && e.ClientKind != ClientKind.Thief
                        && e.Served is not null
                        && e.TokenSent is not null
                    )
                )
                    is { } read
                ? at.Replace(read, read with { Served = new SeenVersion(read.TokenSent!.Value.Stamp - 1, "w") })
                : null;
        }), new("regression reported without a double fault", ["REGRESSED"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            return at.Pick(history.Events.Where(e => e.Result == RequestResult.Ok)) is { } read
                ? at.Replace(read, read with { Flags = read.Flags | EventFlags.Regressed })
                : null;
        }), new("one version names two commits", ["SAME-VERSION"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            var pairs =
                from session in at.Sessions
                from a in session.Events
                from b in session.Events
                where a.Committed is not null && b.Committed is not null && a != b
                select (a, b);
            return at.Pick(pairs) is var (first, second)
                ? at.Replace(second, second with { Committed = first.Committed })
                : null;
        }), new("a living session is answered as new", ["LOST-SESSION"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            var alive =
                from place in at.PlainReads(OpKind.List)
                where !place.Session.Destructions.Any(d => d.InvokeNs < place.Event.CompleteNs)
                where
                    place.Session.Events.Any(e =>
                        e.Result == RequestResult.Ok
                        && place.Session.IsOwn(e)
                        && e.Precedes(place.Event)
                        && e.Ops.Any(o => o.Kind == OpKind.Append)
                    )
                select place.Event;
            return at.Pick(alive) is { } read ? at.Replace(read, read with { Flags = EventFlags.NewSession }) : null;
        }), new("a lone client's counter answers twice the same", ["COUNTED-TWICE"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            return at.Pick(LoneSteps(at)) is var (first, second)
                ? at.Replace(second, second with { Ops = first.Ops })
                : null;
        }), new("a lone client's counter goes back", ["COUNTER-WENT-BACK"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            return at.Pick(LoneSteps(at)) is var (first, second)
                ? at.Replace(second, second with { Ops = [Op.Counter(second.Ops[0].Key!, first.Ops[0].Number - 1)] })
                : null;
        }), new("a lone client's counter lost a step at the end", ["COUNTER-TOO-LOW"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            return
                at.Pick(
                    LoneSteps(at).Where(s => !at.Sessions.First(x => x.Session == s.Second.Session).Destructions.Any())
                )
                    is var (first, second)
                ? at.Replace(e => EndsAs(e, second.Session, second.Ops[0].Key!, -1))
                : null;
        }), new("a counter is higher at the end than anybody counted", ["COUNTER-TOO-HIGH"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            return
                at.Pick(
                    LoneSteps(at).Where(s => !at.Sessions.First(x => x.Session == s.Second.Session).Destructions.Any())
                )
                    is var (first, second)
                ? at.Replace(e => EndsAs(e, second.Session, second.Ops[0].Key!, 1))
                : null;
        })];

    // Two steps of a counter that only one sequential client touches, all of them acknowledged, in
    // a session it does not end.
    private static IEnumerable<(HistoryEvent First, HistoryEvent Second)> LoneSteps(MutationPlaces at) =>
        from session in at.Sessions
        from steps in session
            .Events.Where(e => e.Ops.Count == 1 && e.Ops[0].Kind == OpKind.Counter && e.Result != RequestResult.Fail)
            .GroupBy(e => e.Ops[0].Key)
        where
            steps.Key != "shared"
            && steps.All(e =>
                e.Result == RequestResult.Ok
                && (e.ClientKind is ClientKind.Sequential or ClientKind.Device)
                && session.IsOwn(e)
            )
        where !session.Destructions.Any(d => d.InvokeNs <= steps.Max(s => s.CompleteNs))
        from a in steps
        from b in steps
        where a.Precedes(b)
        select (a, b);

    private static HistoryEvent EndsAs(HistoryEvent read, int session, string key, string? value) =>
        read.Session == session && read.Has(EventFlags.Final)
            ? read with
            {
                Ops = [.. read.Ops.Select(o => o.Kind == OpKind.Get && o.Key == key ? Op.Get(key, value) : o)],
            }
            : read;

    private static HistoryEvent EndsAs(HistoryEvent read, int session, string key, long difference) =>
        read.Session == session && read.Has(EventFlags.Final)
            ? read with
            {
                Ops =
                [
                    .. read.Ops.Select(o =>
                        o.Kind == OpKind.CounterRead && o.Key == key ? Op.CounterRead(key, o.Number + difference) : o
                    ),
                ],
            }
            : read;
}
