using System.Runtime.CompilerServices;
using ClusterSession.Diagnostics;
using ClusterSession.Records;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Stores.Outage;

/// <summary>
/// The store as requests see it: while a partition of it is not responding, operations on its keys
/// fail at once, but for the one that finds out whether it answers again.
/// </summary>
/// <remarks>
/// Deadlines are the store's own (a timer for each operation here would cost more than the rest of
/// a commit), unless a request has waited so long before that it must give up earlier; what an
/// operation may still do after its deadline is harmless, because versions make repetition
/// harmless. Thread-safe.
/// </remarks>
internal sealed class StoreGuard(
    IClusterSessionStore store,
    IOptions<ClusterSessionOptions> options,
    TimeProvider time,
    ILogger<StoreGuard> logger
)
{
    private readonly PartitionTable<CircuitBreaker> _breakers = new(() =>
        new CircuitBreaker(options.Value.Outage, time)
    );
    private readonly TimeSpan _hardTimeout = options.Value.Outage.HardTimeout;
    private readonly DamagedRecords _damaged = new(time, logger);

    public string Name => store.Name;

    /// <summary>The partitions of the store that keys can be in now.</summary>
    public IReadOnlyList<StorePartition> Partitions => store.Partitions;

    /// <summary>Which partition a session is in now.</summary>
    public int PartitionOf(SessionKey key) => store.PartitionOf(key);

    /// <summary>Which partition a document is in now.</summary>
    public int PartitionOfDocument(string name) => store.PartitionOfDocument(name);

    /// <summary>Whether requests do not wait for a partition now: its circuit is open.</summary>
    public bool IsGivenUp(int partition) => _breakers.Of(partition).IsOpen;

    /// <summary>Whether requests do not wait for some partition now.</summary>
    public bool IsAnyGivenUp
    {
        get
        {
            foreach (var breaker in _breakers.All)
            {
                if (breaker.IsOpen)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>
    /// What messages call a partition: the store's name, and which one if there are several.
    /// </summary>
    public string NameOf(int partition)
    {
        var partitions = store.Partitions;
        return partitions.Count == 1
            ? store.Name
            : $"{store.Name} {partitions.FirstOrDefault(known => known.Number == partition).Name ?? $"{partition}"}";
    }

    public ValueTask<StoreRead> ReadAsync(SessionKey key, SessionVersion known, StoreDeadline deadline = default) =>
        PartitionToTry(store.PartitionOf(key), ref deadline) is var partition and >= 0
            ? WatchAsync(
                store.ReadAsync(key, known, deadline),
                partition,
                key,
                static read => (read.Failure, read.Damage),
                deadline,
                StoreRead.Unavailable(StoreFailure.Unknown)
            )
            : new(StoreRead.Unavailable(StoreFailure.Unreachable));

    /// <summary>
    /// Commits. The guard watches the answer itself only where the request may have to give up
    /// early. Else the caller has to pass the answer to <see cref="Judge"/>: an async method here
    /// would cost a state machine for each commit.
    /// </summary>
    /// <param name="key">Which session.</param>
    /// <param name="change">The change.</param>
    /// <param name="deadline">Until when it is waited for.</param>
    /// <param name="partition">
    /// What the caller passes to <see cref="Judge"/> with the answer; -1: nothing is to be judged.
    /// </param>
    public ValueTask<StoreWrite> CommitAsync(
        SessionKey key,
        SessionChange change,
        StoreDeadline deadline,
        out int partition
    )
    {
        partition = PartitionToTry(store.PartitionOf(key), ref deadline);
        if (partition < 0)
        {
            return new(StoreWrite.Unavailable(StoreFailure.Unreachable));
        }

        var committing = store.CommitAsync(key, change, deadline);
        if (deadline.IsNone)
        {
            return committing;
        }

        var watched = WatchAsync(
            committing,
            partition,
            key,
            static write => (write.Failure, write.Damage),
            deadline,
            StoreWrite.Unavailable(StoreFailure.Unknown)
        );
        partition = -1;
        return watched;
    }

    public ValueTask<StoreWrite> MergeAsync(SessionKey key, in SessionMerge copy, StoreDeadline deadline = default) =>
        PartitionToTry(store.PartitionOf(key), ref deadline) is var partition and >= 0
            ? WatchAsync(
                store.MergeAsync(key, copy, deadline),
                partition,
                key,
                static write => (write.Failure, write.Damage),
                deadline,
                StoreWrite.Unavailable(StoreFailure.Unknown)
            )
            : new(StoreWrite.Unavailable(StoreFailure.Unreachable));

    public ValueTask<StoreWrite> DestroyAsync(
        SessionKey key,
        in SessionEnd end,
        TimeSpan tombstoneLife,
        StoreDeadline deadline = default
    ) =>
        PartitionToTry(store.PartitionOf(key), ref deadline) is var partition and >= 0
            ? WatchAsync(
                store.DestroyAsync(key, end, tombstoneLife, deadline),
                partition,
                key,
                static write => (write.Failure, write.Damage),
                deadline,
                StoreWrite.Unavailable(StoreFailure.Unknown)
            )
            : new(StoreWrite.Unavailable(StoreFailure.Unreachable));

    public ValueTask<StoreTouch> TouchAsync(SessionKey key, TimeSpan life, TimeSpan leastLife) =>
        PartitionToTry(store.PartitionOf(key)) is var partition and >= 0
            ? WatchAsync(store.TouchAsync(key, life, leastLife, default), partition, key, static touch =>
                (touch.Failure, touch.Damage)
            )
            : new(StoreTouch.Unavailable(StoreFailure.Unreachable));

    public ValueTask<StoreDocument> ReadDocumentAsync(string name, DocumentPosition known) =>
        PartitionToTry(store.PartitionOfDocument(name)) is var partition and >= 0
            ? WatchAsync(store.ReadDocumentAsync(name, known, default), partition, name)
            : new(StoreDocument.Unavailable(StoreFailure.Unreachable));

    public ValueTask<StoreDocument> MergeDocumentAsync(
        string name,
        IReadOnlyList<DocumentElement> elements,
        TimeSpan life
    ) =>
        PartitionToTry(store.PartitionOfDocument(name)) is var partition and >= 0
            ? WatchAsync(store.MergeDocumentAsync(name, elements, life, default), partition, name)
            : new(StoreDocument.Unavailable(StoreFailure.Unreachable));

    /// <summary>
    /// The store reports that a partition can be reached: nobody needs to wait for a probe.
    /// </summary>
    public void Connected(int partition) => Answered(partition);

    /// <summary>
    /// Takes the answer of a commit. Only a failure that is no response (<see
    /// cref="StoreFailures.IsResponse"/>) counts against the partition.
    /// </summary>
    /// <param name="partition">
    /// The partition that was asked; -1: nothing is to be said of any.
    /// </param>
    /// <param name="key">Which session.</param>
    /// <param name="answer">How it ended.</param>
    public void Judge(int partition, SessionKey key, in StoreWrite answer) =>
        Learn(partition, key, (answer.Failure, answer.Damage));

    /// <summary>A record made this node's work on it fail, which nobody had foreseen.</summary>
    public void ReportDamage(SessionKey key, Exception failure) =>
        _damaged.Name(store.Name, key, $"this release fails with it ({failure.GetType().Name})");

    private void Learn(int partition, SessionKey? key, (StoreFailure Failure, string? Damage) end)
    {
        if (partition < 0)
        {
            return;
        }

        if (end.Failure.IsResponse())
        {
            Answered(partition);
            if (key is { } damaged && (end.Damage is not null || end.Failure == StoreFailure.Damaged))
            {
                _damaged.Name(store.Name, damaged, end.Damage);
            }
        }
        else if (_breakers.Of(partition).Failed())
        {
            logger.StoreUnanswering(NameOf(partition));
        }
    }

    /// <summary>The partition, if an operation may go there now; else -1.</summary>
    private int PartitionToTry(int partition) => _breakers.Of(partition).MayTry() ? partition : -1;

    /// <summary>
    /// The partition, if an operation may go there now and there is time; else -1. A deadline that
    /// is about as late as the store's own limit becomes none: then nobody needs a timer.
    /// </summary>
    private int PartitionToTry(int partition, ref StoreDeadline deadline)
    {
        var left = deadline.Left;
        deadline = StoreBudget.IsNearlyWhole(left, _hardTimeout) ? StoreDeadline.None : deadline;
        return left > TimeSpan.Zero ? PartitionToTry(partition) : -1;
    }

    /// <summary>
    /// Waits for an operation and judges its answer. Gives up at the deadline if the store does
    /// not: the operation then goes on, and is judged by its own answer.
    /// </summary>
    private ValueTask<T> WatchAsync<T>(
        ValueTask<T> operation,
        int partition,
        SessionKey key,
        Func<T, (StoreFailure, string?)> endOf,
        in StoreDeadline deadline,
        T late
    ) =>
        deadline.IsNone
            ? WatchAsync(operation, partition, key, endOf)
            : deadline.LimitAsync(WatchShortAsync(operation, partition, key, endOf, deadline), late);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<T> WatchAsync<T>(
        ValueTask<T> operation,
        int partition,
        SessionKey? key,
        Func<T, (StoreFailure, string?)> endOf
    )
    {
        var answer = await operation.ConfigureAwait(false);
        Learn(partition, key, endOf(answer));
        return answer;
    }

    private async ValueTask<StoreDocument> WatchAsync(ValueTask<StoreDocument> operation, int partition, string name)
    {
        var answer = await operation.ConfigureAwait(false);
        Learn(partition, key: null, (answer.Failure, null));
        if (answer.Failure == StoreFailure.Damaged)
        {
            _damaged.Name(store.Name, name, answer.Damage);
        }

        return answer;
    }

    /// <summary>That a request has given up early says nothing of the store.</summary>
    private async ValueTask<T> WatchShortAsync<T>(
        ValueTask<T> operation,
        int partition,
        SessionKey key,
        Func<T, (StoreFailure Failure, string?)> endOf,
        StoreDeadline deadline
    )
    {
        var answer = await operation.ConfigureAwait(false);
        var end = endOf(answer);
        if (end.Failure.IsResponse() || !deadline.IsOver)
        {
            Learn(partition, key, end);
        }

        return answer;
    }

    private void Answered(int partition)
    {
        if (_breakers.Of(partition).Answered())
        {
            logger.StoreAnswering(NameOf(partition));
        }
    }
}
