using System.Runtime.CompilerServices;
using ClusterSession.Diagnostics;
using ClusterSession.Sessions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Stores.Outage;

/// <summary>
/// The store as requests see it: while it gives no answers, operations fail at once.
/// </summary>
/// <remarks>
/// Deadlines are the store's own (a timer for each operation here would cost more than the rest of a commit); what an operation may still do after its
/// deadline is harmless, because versions make repetition harmless. Thread-safe.
/// </remarks>
internal sealed class StoreGuard(
    IClusterSessionStore store, IOptions<ClusterSessionOptions> options, TimeProvider time, ILogger<StoreGuard> logger)
{
    private readonly CircuitBreaker _breaker = new(options.Value.Outage, time);

    public string Name => store.Name;

    /// <summary>Whether requests do not wait for the store now.</summary>
    public bool IsOpen => _breaker.IsOpen;

    public ValueTask<StoreRead> ReadAsync(SessionKey key, SessionVersion known) =>
        _breaker.MayTry()
            ? WatchAsync(store.ReadAsync(key, known, CancellationToken.None), static read => read.Failure)
            : new(StoreRead.Unavailable(StoreFailure.Unreachable));

    public ValueTask<StoreCommit> CommitAsync(SessionKey key, in SessionChange change) =>
        _breaker.MayTry()
            ? WatchAsync(store.CommitAsync(key, change, CancellationToken.None), static commit => commit.Failure)
            : new(StoreCommit.Unavailable(StoreFailure.Unreachable));

    public ValueTask<StoreCommit> MergeAsync(SessionKey key, in SessionCopy copy) =>
        _breaker.MayTry()
            ? WatchAsync(store.MergeAsync(key, copy, CancellationToken.None), static commit => commit.Failure)
            : new(StoreCommit.Unavailable(StoreFailure.Unreachable));

    public ValueTask<StoreCommit> DestroyAsync(SessionKey key, in SessionEnd end, TimeSpan tombstoneLife) =>
        _breaker.MayTry()
            ? WatchAsync(store.DestroyAsync(key, end, tombstoneLife, CancellationToken.None), static commit => commit.Failure)
            : new(StoreCommit.Unavailable(StoreFailure.Unreachable));

    public ValueTask<StoreTouch> TouchAsync(SessionKey key, TimeSpan life) =>
        _breaker.MayTry()
            ? WatchAsync(
                store.TouchAsync(key, life, CancellationToken.None),
                static touch => touch == StoreTouch.Unavailable ? StoreFailure.Unknown : StoreFailure.None)
            : new(StoreTouch.Unavailable);

    public ValueTask<StoreShared> ReadSharedAsync(string name) =>
        _breaker.MayTry()
            ? WatchAsync(store.ReadSharedAsync(name, CancellationToken.None), static shared => shared.Failure)
            : new(new StoreShared(null, StoreFailure.Unreachable));

    /// <summary>Expects an array, or null for a value that does not exist: a null array, and a null beside memory, become memory that is empty, and empty is not missing.</summary>
    public ValueTask<StoreShared> CompareExchangeSharedAsync(string name, byte[]? expected, ReadOnlyMemory<byte> value) =>
        _breaker.MayTry()
            ? WatchAsync(
                store.CompareExchangeSharedAsync(name, expected is null ? (ReadOnlyMemory<byte>?)null : new ReadOnlyMemory<byte>(expected), value, CancellationToken.None),
                static shared => shared.Failure)
            : new(new StoreShared(null, StoreFailure.Unreachable));

    /// <summary>The store reports that it can be reached: nobody needs to wait for a probe.</summary>
    public void Connected() => Answered();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<T> WatchAsync<T>(ValueTask<T> operation, Func<T, StoreFailure> failureOf)
    {
        var answer = await operation.ConfigureAwait(false);
        Judge(failureOf(answer));
        return answer;
    }

    private void Judge(StoreFailure failure)
    {
        if (failure is StoreFailure.None or StoreFailure.Refused)
        {
            Answered();
        }
        else if (_breaker.Failed())
        {
            logger.StoreUnanswering(store.Name);
        }
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
