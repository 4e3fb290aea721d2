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
        MayTry(deadline, out var isShort)
            ? Limit(
                WatchAsync(store.ReadAsync(key, known, CancellationToken.None), static read => read.Failure),
                deadline, isShort, StoreRead.Unavailable(StoreFailure.Unknown))
            : new(StoreRead.Unavailable(StoreFailure.Unreachable));

    /// <summary>
    /// As the others, but watched here only where the request may have to give up early: else whoever awaits it tells <see cref="Judge"/> of the answer. A layer around
    /// it would be a state machine a commit.
    /// </summary>
    public ValueTask<StoreWrite> CommitAsync(SessionKey key, in SessionChange change, StoreDeadline deadline, out bool isToBeJudged)
    {
        isToBeJudged = false;
        if (!MayTry(deadline, out var isShort))
        {
            return new(StoreWrite.Unavailable(StoreFailure.Unreachable));
        }

        var committing = store.CommitAsync(key, change, CancellationToken.None);
        isToBeJudged = !isShort;
        return isShort
            ? deadline.LimitAsync(WatchAsync(committing, static commit => commit.Failure), StoreWrite.Unavailable(StoreFailure.Unknown))
            : committing;
    }

    public ValueTask<StoreWrite> MergeAsync(SessionKey key, in SessionMerge copy, StoreDeadline deadline = default) =>
        MayTry(deadline, out var isShort)
            ? Limit(
                WatchAsync(store.MergeAsync(key, copy, CancellationToken.None), static commit => commit.Failure),
                deadline, isShort, StoreWrite.Unavailable(StoreFailure.Unknown))
            : new(StoreWrite.Unavailable(StoreFailure.Unreachable));

    public ValueTask<StoreWrite> DestroyAsync(SessionKey key, in SessionEnd end, TimeSpan tombstoneLife, StoreDeadline deadline = default) =>
        MayTry(deadline, out var isShort)
            ? Limit(
                WatchAsync(store.DestroyAsync(key, end, tombstoneLife, CancellationToken.None), static commit => commit.Failure),
                deadline, isShort, StoreWrite.Unavailable(StoreFailure.Unknown))
            : new(StoreWrite.Unavailable(StoreFailure.Unreachable));

    public ValueTask<StoreTouch> TouchAsync(SessionKey key, TimeSpan life, TimeSpan leastLife) =>
        _breaker.MayTry()
            ? WatchAsync(
                store.TouchAsync(key, life, leastLife, CancellationToken.None),
                static touch => touch == StoreTouch.Unavailable ? StoreFailure.Unknown : StoreFailure.None)
            : new(StoreTouch.Unavailable);

    public ValueTask<StoreDocument> ReadDocumentAsync(string name, DocumentPosition known) =>
        _breaker.MayTry()
            ? WatchAsync(
                store.ReadDocumentAsync(name, known, CancellationToken.None), static document => document.Failure)
            : new(StoreDocument.Unavailable(StoreFailure.Unreachable));

    public ValueTask<StoreDocument> MergeDocumentAsync(
        string name, IReadOnlyList<DocumentElement> elements, TimeSpan life) =>
        _breaker.MayTry()
            ? WatchAsync(
                store.MergeDocumentAsync(name, elements, life, CancellationToken.None),
                static document => document.Failure)
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

    private bool MayTry(in StoreDeadline deadline, out bool isShort)
    {
        var left = deadline.Left;
        isShort = !StoreBudget.IsNearlyWhole(left, _hardTimeout);
        return left > TimeSpan.Zero && _breaker.MayTry();
    }

    /// <summary>That a request gives up early says nothing of the store: the operation goes on, and is judged by its own answer.</summary>
    private static ValueTask<T> Limit<T>(ValueTask<T> operation, in StoreDeadline deadline, bool isShort, T late) =>
        isShort ? deadline.LimitAsync(operation, late) : operation;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<T> WatchAsync<T>(ValueTask<T> operation, Func<T, StoreFailure> failureOf)
    {
        var answer = await operation.ConfigureAwait(false);
        Judge(failureOf(answer));
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
