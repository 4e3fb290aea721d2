using System.Runtime.CompilerServices;
using ClusterSession.Diagnostics;
using ClusterSession.Records;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Stores.Outage;

/// <summary>
/// The store as requests see it: while it gives no answers, operations fail at once.
/// </summary>
/// <remarks>
/// Deadlines are the store's own (a timer for each operation here would cost more than the rest of a commit), unless a request has waited so long before that it must give
/// up earlier; what an operation may still do after its deadline is harmless, because versions make repetition harmless. Thread-safe.
/// </remarks>
internal sealed class StoreGuard(
    IClusterSessionStore store, IOptions<ClusterSessionOptions> options, TimeProvider time, ILogger<StoreGuard> logger)
{
    private readonly CircuitBreaker _breaker = new(options.Value.Outage, time);
    private readonly TimeSpan _hardTimeout = options.Value.Outage.HardTimeout;
    private readonly LogRate _damaged = new(time);

    public string Name => store.Name;

    /// <summary>Whether requests do not wait for the store now.</summary>
    public bool IsOpen => _breaker.IsOpen;

    public ValueTask<StoreRead> ReadAsync(SessionKey key, SessionVersion known, StoreDeadline deadline = default) =>
        MayTry(ref deadline)
            ? WatchAsync(
                store.ReadAsync(key, known, deadline),
                static read => read.Failure, deadline, StoreRead.Unavailable(StoreFailure.Unknown))
            : new(StoreRead.Unavailable(StoreFailure.Unreachable));

    /// <summary>
    /// As the others, but watched here only where the request may have to give up early: else whoever awaits it tells <see cref="Judge"/> of the answer. A layer around
    /// it would be a state machine a commit.
    /// </summary>
    public ValueTask<StoreWrite> CommitAsync(SessionKey key, in SessionChange change, StoreDeadline deadline, out bool isToBeJudged)
    {
        isToBeJudged = false;
        if (!MayTry(ref deadline))
        {
            return new(StoreWrite.Unavailable(StoreFailure.Unreachable));
        }

        var committing = store.CommitAsync(key, change, deadline);
        isToBeJudged = deadline.IsNone;
        return isToBeJudged
            ? committing
            : WatchAsync(committing, static commit => commit.Failure, deadline, StoreWrite.Unavailable(StoreFailure.Unknown));
    }

    public ValueTask<StoreWrite> MergeAsync(SessionKey key, in SessionMerge copy, StoreDeadline deadline = default) =>
        MayTry(ref deadline)
            ? WatchAsync(
                store.MergeAsync(key, copy, deadline),
                static commit => commit.Failure, deadline, StoreWrite.Unavailable(StoreFailure.Unknown))
            : new(StoreWrite.Unavailable(StoreFailure.Unreachable));

    public ValueTask<StoreWrite> DestroyAsync(SessionKey key, in SessionEnd end, TimeSpan tombstoneLife, StoreDeadline deadline = default) =>
        MayTry(ref deadline)
            ? WatchAsync(
                store.DestroyAsync(key, end, tombstoneLife, deadline),
                static commit => commit.Failure, deadline, StoreWrite.Unavailable(StoreFailure.Unknown))
            : new(StoreWrite.Unavailable(StoreFailure.Unreachable));

    public ValueTask<StoreTouch> TouchAsync(SessionKey key, TimeSpan life, TimeSpan leastLife) =>
        _breaker.MayTry()
            ? WatchAsync(store.TouchAsync(key, life, leastLife, default), static touch => touch.Failure)
            : new(StoreTouch.Unavailable(StoreFailure.Unreachable));

    public ValueTask<StoreShared> ReadSharedAsync(string name) =>
        _breaker.MayTry()
            ? WatchAsync(store.ReadSharedAsync(name, default), static shared => shared.Failure)
            : new(new StoreShared(null, StoreFailure.Unreachable));

    /// <summary>Expects an array, or null for a value that does not exist: a null array, and a null beside memory, become memory that is empty, and empty is not missing.</summary>
    public ValueTask<StoreShared> CompareExchangeSharedAsync(string name, byte[]? expected, ReadOnlyMemory<byte> value) =>
        _breaker.MayTry()
            ? WatchAsync(
                store.CompareExchangeSharedAsync(name, expected is null ? (ReadOnlyMemory<byte>?)null : new ReadOnlyMemory<byte>(expected), value, default),
                static shared => shared.Failure)
            : new(new StoreShared(null, StoreFailure.Unreachable));

    public ValueTask<StoreDocument> ReadDocumentAsync(string name, DocumentPosition known) =>
        _breaker.MayTry()
            ? WatchAsync(store.ReadDocumentAsync(name, known, default), static document => document.Failure)
            : new(StoreDocument.Unavailable(StoreFailure.Unreachable));

    public ValueTask<StoreDocument> MergeDocumentAsync(
        string name, IReadOnlyList<DocumentElement> elements, TimeSpan life) =>
        _breaker.MayTry()
            ? WatchAsync(
                store.MergeDocumentAsync(name, elements, life, default), static document => document.Failure)
            : new(StoreDocument.Unavailable(StoreFailure.Unreachable));

    /// <summary>The store reports that it can be reached: nobody needs to wait for a probe.</summary>
    public void Connected() => Answered();

    /// <summary>An operation has ended so.</summary>
    public void Judge(StoreFailure failure)
    {
        if (failure.IsResponse())
        {
            Answered();
            if (failure == StoreFailure.Damaged && _damaged.MayWrite(out var count))
            {
                logger.RecordDamaged(store.Name, count);
            }
        }
        else if (_breaker.Failed())
        {
            logger.StoreUnanswering(store.Name);
        }
    }

    /// <summary>
    /// Whether the store is asked. A deadline that is about as late as the store's own limit becomes
    /// none: then nobody needs a timer.
    /// </summary>
    private bool MayTry(ref StoreDeadline deadline)
    {
        var left = deadline.Left;
        deadline = StoreBudget.IsNearlyWhole(left, _hardTimeout) ? StoreDeadline.None : deadline;
        return left > TimeSpan.Zero && _breaker.MayTry();
    }

    /// <summary>Also gives up in time if the store does not: the operation then goes on, and is judged by its own answer.</summary>
    private ValueTask<T> WatchAsync<T>(
        ValueTask<T> operation, Func<T, StoreFailure> failureOf, in StoreDeadline deadline, T late) =>
        deadline.IsNone
            ? WatchAsync(operation, failureOf)
            : deadline.LimitAsync(WatchShortAsync(operation, failureOf, deadline), late);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<T> WatchAsync<T>(ValueTask<T> operation, Func<T, StoreFailure> failureOf)
    {
        var answer = await operation.ConfigureAwait(false);
        Judge(failureOf(answer));
        return answer;
    }

    /// <summary>That a request has given up early says nothing of the store.</summary>
    private async ValueTask<T> WatchShortAsync<T>(
        ValueTask<T> operation, Func<T, StoreFailure> failureOf, StoreDeadline deadline)
    {
        var answer = await operation.ConfigureAwait(false);
        var failure = failureOf(answer);
        if (failure.IsResponse() || !deadline.IsOver)
        {
            Judge(failure);
        }

        return answer;
    }

    private void Answered()
    {
        if (_breaker.IsOpen)
        {
            logger.StoreAnswering(store.Name);
        }

        _breaker.Answered();
    }
}
