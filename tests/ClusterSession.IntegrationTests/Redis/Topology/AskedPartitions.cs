using System.Collections.Concurrent;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.TestKit.Stores;

namespace ClusterSession.IntegrationTests.Redis.Topology;

/// <summary>Counts what is asked of each partition about sessions.</summary>
internal sealed class AskedPartitions(IClusterSessionStore inner) : ForwardingStore(inner)
{
    private readonly ConcurrentDictionary<int, int> _counts = new();

    /// <summary>How much was asked of a partition.</summary>
    public int Count(int partition) => _counts.GetValueOrDefault(partition);

    /// <summary>Begins anew.</summary>
    public void Reset() => _counts.Clear();

    public override ValueTask<StoreRead> ReadAsync(SessionKey key, SessionVersion known, StoreDeadline deadline)
    {
        Asked(key);
        return base.ReadAsync(key, known, deadline);
    }

    public override ValueTask<StoreWrite> CommitAsync(SessionKey key, SessionChange change, StoreDeadline deadline)
    {
        Asked(key);
        return base.CommitAsync(key, change, deadline);
    }

    public override ValueTask<StoreWrite> MergeAsync(SessionKey key, SessionMerge copy, StoreDeadline deadline)
    {
        Asked(key);
        return base.MergeAsync(key, copy, deadline);
    }

    public override ValueTask<StoreTouch> TouchAsync(
        SessionKey key,
        TimeSpan life,
        TimeSpan leastLife,
        StoreDeadline deadline
    )
    {
        Asked(key);
        return base.TouchAsync(key, life, leastLife, deadline);
    }

    protected override ValueTask<T> OnAsync<T>(
        StoreOperations operation,
        Func<ValueTask<T>> ask,
        Func<StoreFailure, T> unavailable
    ) => ask();

    private void Asked(SessionKey key) => _counts.AddOrUpdate(PartitionOf(key), 1, static (_, count) => count + 1);
}
