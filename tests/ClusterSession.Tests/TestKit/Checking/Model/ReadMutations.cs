using ClusterSession.Histories;
using static ClusterSession.Tests.TestKit.Checking.Model.MutationPlaces;

namespace ClusterSession.Tests.TestKit.Checking.Model;

/// <summary>Mistakes in what one request read.</summary>
internal static class ReadMutations
{
    public static IReadOnlyList<Mutation> All { get; } =
    [new("corrupt: one character of a value differs", ["CORRUPT"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            return at.Pick(at.Answered(OpKind.Get).Where(e => e.Ops[0].Value is not null)) is { } read
                ? at.Replace(read, WithGet(read, Damage(read.Ops[0].Value!, random)))
                : null;
        }), new("foreign: a list shows another session's entry", ["CROSS-SESSION"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            var foreign =
                from read in at.Answered(OpKind.List)
                from session in at.Sessions
                where session.Session != read.Session
                from write in at.Writes(session, OpKind.Append)
                where write.Event.Result == RequestResult.Ok
                select (read, write.Op);
            return at.Pick(foreign) is var (reader, op)
                ? at.Replace(reader, WithList(reader, v => [.. v, op.Value!]))
                : null;
        }), new("from nowhere: a value that nobody wrote", ["FROM-NOWHERE"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            return at.Pick(at.Answered(OpKind.Get)) is { } read
                ? at.Replace(
                    read,
                    WithGet(read, new SelfDescribingValue(read.Session, read.Client, 99_999, 0).ToText())
                )
                : null;
        }), new("drop: the writer of a value read is missing", ["FROM-NOWHERE"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            var read =
                from e in history.Events
                where e.Result == RequestResult.Ok
                from o in e.Ops
                where o is { Kind: OpKind.Get, Value: not null }
                from w in history.Events
                where w != e && w.Ops.Any(x => x.Kind == OpKind.Set && x.Value == o.Value)
                select w;
            return at.Pick(read) is { } writer ? at.Drop(writer) : null;
        }), new("future: an entry is read before its writer began", ["FUTURE"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            var future =
                from session in at.Sessions
                from read in session.Events
                where read.Result == RequestResult.Ok && read.Ops.Count == 1 && read.Ops[0].Kind == OpKind.List
                from write in at.Writes(session, OpKind.Append)
                where write.Event.InvokeNs >= read.CompleteNs
                select (read, write.Op);
            return at.Pick(future) is var (reader, op)
                ? at.Replace(reader, WithList(reader, v => [.. v, op.Value!]))
                : null;
        }), new("aborted: a failed write is read", ["ABORTED-READ"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            var aborted =
                from session in at.Sessions
                from read in session.Events
                where read.Result == RequestResult.Ok && read.Ops.Count == 1 && read.Ops[0].Kind == OpKind.List
                from write in at.Writes(session, OpKind.Append)
                where write.Event.Result == RequestResult.Fail && write.Event.InvokeNs < read.CompleteNs
                select (read, write.Op);
            return at.Pick(aborted) is var (reader, op)
                ? at.Replace(reader, WithList(reader, v => [.. v, op.Value!]))
                : null;
        }), new("intermediate: half of a request is read", ["INTERMEDIATE"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            var halves =
                from session in at.Sessions
                from write in session.Events
                where
                    write.Result == RequestResult.Ok && write.Ops.Count == 2 && write.Ops.All(o => o.Kind == OpKind.Set)
                from read in session.Events
                where
                    read.Result == RequestResult.Ok
                    && read.Ops.Count == 1
                    && read.Ops[0].Kind == OpKind.Get
                    && read.Ops[0].Key == write.Ops[0].Key
                where write.InvokeNs < read.CompleteNs
                select (read, write.Ops[0]);
            return at.Pick(halves) is var (reader, op) ? at.Replace(reader, WithGet(reader, op.Value)) : null;
        }), new("wrong key: one attribute shows another one's value", ["WRONG-KEY"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            var others =
                from session in at.Sessions
                from read in session.Events
                where read.Result == RequestResult.Ok && read.Ops.Count == 1 && read.Ops[0].Kind == OpKind.Get
                from write in at.Writes(session, OpKind.Set)
                where
                    write.Op.Key != read.Ops[0].Key
                    && write.Event.Result == RequestResult.Ok
                    && write.Event.InvokeNs < read.CompleteNs
                select (read, write.Op);
            return at.Pick(others) is var (reader, op) ? at.Replace(reader, WithGet(reader, op.Value)) : null;
        }), new("duplicate: an entry stands twice in a list", ["DUPLICATE"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            return at.Pick(at.PlainReads(OpKind.List).Where(r => r.Event.Ops[0].Values!.Count > 0)) is var (_, read)
                ? at.Replace(read, WithList(read, v => [.. v, v[random.Next(v.Count)]]))
                : null;
        }), new("stale: an own acknowledged entry is missing", ["READ-YOUR-WRITES"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            var own =
                from place in at.PlainReads(OpKind.List)
                from write in at.Writes(place.Session, OpKind.Append)
                where
                    write.Event.Client == place.Event.Client
                    && write.Event.Result == RequestResult.Ok
                    && write.Event.Precedes(place.Event)
                where Lists(place.Event, write.Op.Value!) && !place.Session.MayBeGone(write.Op.Key!, place.Event)
                select (place.Event, write.Op);
            return at.Pick(own) is var (read, op)
                ? at.Replace(read, WithList(read, v => v.Where(x => x != op.Value)))
                : null;
        }), new("stale: an entry seen before is missing", ["MONOTONIC-READS", "READ-YOUR-WRITES"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            var seen =
                from place in at.PlainReads(OpKind.List)
                from earlier in place.Session.ByClient[place.Event.Client]
                where
                    earlier.Result == RequestResult.Ok && earlier.Precedes(place.Event) && place.Session.IsOwn(earlier)
                from entry in earlier.Ops.Where(o => o.Kind == OpKind.List).SelectMany(o => o.Values!)
                where !place.Session.MayBeGone(Op.EntryKey(entry), place.Event)
                select (place.Event, entry);
            return at.Pick(seen) is var (read, entry2)
                ? at.Replace(read, WithList(read, v => v.Where(x => x != entry2)))
                : null;
        }), new("undone removal: an entry is back after its client removed it", ["ENTRY-CAME-BACK"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            var removed =
                from place in at.PlainReads(OpKind.List)
                from removal in place.Session.ByClient[place.Event.Client]
                where
                    removal.Result == RequestResult.Ok
                    && removal.Precedes(place.Event)
                    && removal.Ops.Count == 1
                    && removal.Ops[0].Kind == OpKind.Remove
                from write in place.Session.ByClient[place.Event.Client]
                where
                    write.Result == RequestResult.Ok
                    && write.Precedes(removal)
                    && write.Ops.Any(o => o.Kind == OpKind.Append && o.Key == removal.Ops[0].Key)
                where !Lists(place.Event, removal.Ops[0].Key![2..])
                select (place.Event, removal.Ops[0].Key![2..]);
            return at.Pick(removed) is var (read, entry) ? at.Replace(read, WithList(read, v => [.. v, entry])) : null;
        }), new("stale: a register goes back to a value the client saw replaced", ["MONOTONIC-READS", "READ-YOUR-WRITES"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            return at.Pick(ReplacedRegisters(at)) is var (read, old) ? at.Replace(read, WithGet(read, old)) : null;
        }), new("lost register: a value is gone though nobody removed it", ["LOST-VALUE"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            var lost =
                from place in at.PlainReads(OpKind.Get)
                let key = place.Event.Ops[0].Key
                where !place.Session.MayBeGone(key, place.Event)
                from earlier in place.Session.ByClient[place.Event.Client]
                where
                    earlier.Result == RequestResult.Ok && earlier.Precedes(place.Event) && place.Session.IsOwn(earlier)
                where earlier.Ops.Any(o => o.Key == key && (o.Kind is OpKind.Set or OpKind.Get) && o.Value is not null)
                select place.Event;
            return at.Pick(lost) is { } read ? at.Replace(read, WithGet(read, null)) : null;
        }), new("swap: two reads of one client change places", ["MONOTONIC-READS", "READ-YOUR-WRITES", "FUTURE"], (history, random) =>
        {
            var at = new MutationPlaces(history, random);
            var triples =
                from place in at.PlainReads(OpKind.Get)
                let reads = place
                    .Session.ByClient[place.Event.Client]
                    .Where(e =>
                        e.Result == RequestResult.Ok
                        && place.Session.IsOwn(e)
                        && e.Ops.Count == 1
                        && e.Ops[0].Kind == OpKind.Get
                        && e.Ops[0].Key == place.Event.Ops[0].Key
                        && e.Ops[0].Value is not null
                    )
                    .ToList()
                from a in reads
                from b in reads
                where a.Precedes(b) && b.Precedes(place.Event)
                where a.Ops[0].Value != b.Ops[0].Value && b.Ops[0].Value == place.Event.Ops[0].Value
                select (a, b);
            return at.Pick(triples) is var (first, second)
                ? at.Replace(e =>
                    ReferenceEquals(e, first) ? WithGet(e, second.Ops[0].Value)
                    : ReferenceEquals(e, second) ? WithGet(e, first.Ops[0].Value)
                    : e
                )
                : null;
        })];

    private static IEnumerable<(HistoryEvent Read, string Old)> ReplacedRegisters(MutationPlaces at) =>
        from place in at.PlainReads(OpKind.Get)
        let key = place.Event.Ops[0].Key
        from old in place.Session.ByClient[place.Event.Client]
        where old.Result == RequestResult.Ok && old.Precedes(place.Event) && place.Session.IsOwn(old)
        from oldOp in old.Ops.Where(o => o.Key == key && (o.Kind is OpKind.Set or OpKind.Get) && o.Value is not null)
        from next in place.Session.ByClient[place.Event.Client]
        where
            next.Result == RequestResult.Ok
            && old.Precedes(next)
            && next.Precedes(place.Event)
            && place.Session.IsOwn(next)
        from nextOp in next.Ops.Where(o =>
            o.Key == key && (o.Kind is OpKind.Set or OpKind.Get) && o.Value is not null && o.Value != oldOp.Value
        )
        select (place.Event, oldOp.Value!);

    private static string Damage(string value, Random random)
    {
        var position = random.Next(value.Length);
        var changed = value[position] == '7' ? '8' : '7';
        return value[..position] + changed + value[(position + 1)..];
    }
}
