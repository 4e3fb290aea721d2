using System.Collections.Concurrent;
using ClusterSession.Stores;

namespace ClusterSession.TestKit.Stores;

/// <summary>Counts the operations that reach a store.</summary>
public sealed class CountingStore(IClusterSessionStore inner) : ForwardingStore(inner)
{
    private readonly ConcurrentDictionary<StoreOperations, int> _counts = new();
    private readonly ConcurrentDictionary<string, int> _merges = new();

    /// <summary>How many of these operations there were.</summary>
    public int Count(StoreOperations operations) =>
        _counts.Where(count => (count.Key & operations) != 0).Sum(count => count.Value);

    /// <summary>How many merges into one document there were.</summary>
    public int MergesOf(string document) => _merges.GetValueOrDefault(document);

    /// <summary>Begins anew.</summary>
    public void Reset()
    {
        _counts.Clear();
        _merges.Clear();
    }

    public override ValueTask<StoreDocument> MergeDocumentAsync(
        string name,
        IReadOnlyList<DocumentElement> elements,
        TimeSpan life,
        StoreDeadline deadline
    )
    {
        _merges.AddOrUpdate(name, 1, static (_, count) => count + 1);
        return base.MergeDocumentAsync(name, elements, life, deadline);
    }

    protected override ValueTask<T> OnAsync<T>(
        StoreOperations operation,
        Func<ValueTask<T>> ask,
        Func<StoreFailure, T> unavailable
    )
    {
        _counts.AddOrUpdate(operation, 1, static (_, count) => count + 1);
        return ask();
    }
}
