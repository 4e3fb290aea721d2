using System.Text;
using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.Tests.Stores.ThirdParty;

/// <summary>Sessions on three servers that do nothing but compare and swap bytes.</summary>
/// <param name="servers">One for each partition, in the same order at every node.</param>
/// <param name="channel">How frames go to other nodes.</param>
/// <param name="time">Counts deadlines and leases.</param>
/// <param name="limit">How long an operation takes at most: not above the hard timeout.</param>
/// <param name="span">How old a copy may be; zero: each use of one asks.</param>
internal sealed class PlainStore(
    CasServer[] servers,
    PlainChannel channel,
    TimeProvider time,
    TimeSpan limit,
    TimeSpan span
) : IClusterSessionStore
{
    public string Name => "plain";

    public IStoreChannel Channel => channel;

    public IReadOnlyList<StorePartition> Partitions { get; } =
    [.. servers.Select((_, number) => new StorePartition(number, $"plain-{number}"))];

    public int PartitionOf(SessionKey key) => (int)(key.Mark % (uint)servers.Length);

    public int PartitionOfDocument(string name) => Encoding.UTF8.GetBytes(name).Sum(one => one) % servers.Length;

    public ValueTask StartAsync(IStoreObserver observer, CancellationToken cancellationToken) =>
        ValueTask.CompletedTask; // Nothing is announced, and the servers last as long as the process.

    public ValueTask<StoreRead> ReadAsync(SessionKey key, SessionVersion known, StoreDeadline deadline)
    {
        var lease = NewLease(PartitionOf(key));
        return SwapAsync(PartitionOf(key), "s" + key, deadline, StoreRead.Unavailable, item =>
        {
            if (item.Value is null)
            {
                return new(StoreRead.Missing(lease));
            }

            var (stored, left) = (Read(key, item.Value), LeftOf(item));
            return new(
                stored switch
                {
                    { End: { } end } => StoreRead.DestroyedBy(end.Successor, left),
                    { Record: var same } when !known.IsNone && same.Version == known => StoreRead.Unchanged(
                        lease,
                        left
                    ),
                    { Record: var record } => StoreRead.Found(record, lease, left),
                }
            );
        });
    }

    public ValueTask<StoreWrite> CommitAsync(SessionKey key, SessionChange change, StoreDeadline deadline) =>
        WriteAsync(
            key,
            deadline,
            stored => StoredSession.Commit(stored, change),
            left => left >= change.LeastLife ? left : change.Life
        );

    public ValueTask<StoreWrite> MergeAsync(SessionKey key, SessionMerge copy, StoreDeadline deadline) =>
        WriteAsync(
            key,
            deadline,
            stored => StoredSession.Merge(stored, copy),
            left => left >= copy.LifeLeft ? left : copy.LifeLeft
        );

    public ValueTask<StoreWrite> DestroyAsync(
        SessionKey key,
        SessionEnd end,
        TimeSpan tombstoneLife,
        StoreDeadline deadline
    ) => WriteAsync(key, deadline, stored => StoredSession.Destroy(stored, end), _ => tombstoneLife);

    public ValueTask<StoreTouch> TouchAsync(
        SessionKey key,
        TimeSpan life,
        TimeSpan leastLife,
        StoreDeadline deadline
    ) => SwapAsync(PartitionOf(key), "s" + key, deadline, StoreTouch.Unavailable, item =>
        {
            if (item.Value is null)
            {
                return new(StoreTouch.Missing);
            }

            var stored = Read(key, item.Value);
            return stored.End is not null ? new(StoreTouch.Destroyed)
                : item.Left >= leastLife ? new(StoreTouch.Kept(stored.Record.Version))
                : new Step<StoreTouch>(StoreTouch.Touched(stored.Record.Version), item.Value, life);
        });

    public ValueTask<StoreDocument> ReadDocumentAsync(string name, DocumentPosition known, StoreDeadline deadline)
    {
        var lease = NewLease(PartitionOfDocument(name));
        return SwapAsync(PartitionOfDocument(name), "d" + name, deadline, StoreDocument.Unavailable, item =>
            new(
                item.Value is null
                    ? new StoreDocument(DocumentPosition.None, Lease: lease)
                    {
                        IsComplete = true,
                        IsFromBeginning = true,
                    }
                    : PlainDocument.Read(item.Value).Since(known, item.Now, lease)
            )
        );
    }

    public ValueTask<StoreDocument> MergeDocumentAsync(
        string name,
        IReadOnlyList<DocumentElement> elements,
        TimeSpan life,
        StoreDeadline deadline
    )
    {
        var lease = NewLease(PartitionOfDocument(name));
        return SwapAsync(PartitionOfDocument(name), "d" + name, deadline, StoreDocument.Unavailable, item =>
        {
            var document = PlainDocument.Read(item.Value);
            var before = document.Position.Sequence;
            var hasChanged = document.Merge(elements, item.Now);
            var answer = new StoreDocument(document.Position, Lease: lease) { Before = before };
            var longest = document.LongestLife(item.Now);
            var least = longest > life ? longest : life;
            return hasChanged || item.Value is null || item.Left < least / 2
                ? new(answer, document.ToBytes(), item.Left > least ? item.Left : least)
                : new(answer);
        });
    }

    public ValueTask DisposeAsync() => channel.DisposeAsync();

    private static TimeSpan? LeftOf(in CasItem item) => item.Left == TimeSpan.MaxValue ? null : item.Left;

    /// <summary>
    /// Made before the server is asked: what it answers may have changed right afterwards.
    /// </summary>
    private SessionLease NewLease(int partition) => SessionLease.For(time, span, partition);

    private ValueTask<StoreWrite> WriteAsync(
        SessionKey key,
        StoreDeadline deadline,
        Func<StoredSession?, (StoredSession? Next, StoredAnswer Answer)> apply,
        Func<TimeSpan, TimeSpan> lifeAfter
    )
    {
        var lease = NewLease(PartitionOf(key));
        return SwapAsync(PartitionOf(key), "s" + key, deadline, StoreWrite.Unavailable, item =>
        {
            var (next, answer) = apply(item.Value is null ? null : Read(key, item.Value));
            var (written, life) = (StoreWrite.Answered(answer, lease), lifeAfter(item.Left));
            var isUsedLater = answer.Outcome == WriteOutcome.Unchanged && life > item.Left;
            var bytes =
                next is not null ? SessionRecordFormat.Write(key, next)
                : isUsedLater ? item.Value
                : null;
            return new(written, bytes, life);
        });
    }

    private static StoredSession Read(SessionKey key, byte[] bytes) =>
        SessionRecordFormat.TryRead(key, bytes, out var stored)
            ? stored
            : throw new InvalidDataException("The record is malformed, or of another key.");

    /// <summary>
    /// Reads, decides and stores what was decided, until nobody has stored in between.
    /// </summary>
    private async ValueTask<T> SwapAsync<T>(
        int partition,
        string key,
        StoreDeadline deadline,
        Func<StoreFailure, T> unavailable,
        Func<CasItem, Step<T>> decide
    )
    {
        var (server, until) = (servers[partition], deadline.Left < limit ? deadline : new StoreDeadline(time, limit));
        for (var failure = StoreFailure.Unreachable; ; failure = StoreFailure.Refused)
        {
            if (until.IsOver)
            {
                return unavailable(failure); // Refused: others come first each time, and the server is well.
            }

            if (await until.LimitAsync(GetAsync(server, key), null) is not { } item)
            {
                return unavailable(StoreFailure.Unreachable); // Nothing was sent that changes anything.
            }

            try
            {
                var step = decide(item);
                var isDone = step.Next is null ? true : await until.LimitAsync(PutAsync(server, key, item, step), null);
                if (isDone != false)
                {
                    return isDone == true ? step.Answer : unavailable(StoreFailure.Unknown);
                }
            }
            catch (InvalidDataException)
            {
                return unavailable(StoreFailure.Damaged);
            }
        }
    }

    private static async ValueTask<CasItem?> GetAsync(CasServer server, string key) => await server.GetAsync(key);

    private static async ValueTask<bool?> PutAsync<T>(CasServer server, string key, CasItem item, Step<T> step) =>
        await server.PutAsync(key, step.Next!, item.Version, step.Life);

    private readonly record struct Step<T>(T Answer, byte[]? Next = null, TimeSpan Life = default);
}
