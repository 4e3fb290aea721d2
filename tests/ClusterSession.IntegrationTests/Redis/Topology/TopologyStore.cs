using System.Collections.Concurrent;
using ClusterSession.Records;
using ClusterSession.Redis;
using ClusterSession.Stores;
using ClusterSession.TestKit.Servers;

namespace ClusterSession.IntegrationTests.Redis.Topology;

/// <summary>A store that has begun to connect, and what it said of the servers it met.</summary>
internal sealed class TopologyStore : IStoreObserver, IAsyncDisposable
{
    private TopologyStore(string connectionString) => Store = RedisNode.Store(connectionString);

    public RedisSessionStore Store { get; }

    public ConcurrentQueue<StoreLoss> Losses { get; } = new();

    /// <summary>Connects and waits until it is answered.</summary>
    public static async Task<TopologyStore> StartAsync(string connectionString)
    {
        var store = new TopologyStore(connectionString);
        store.Store.Observe(store);
        await Condition.HoldsAsync(async () => (await store.Store.ReadDocumentAsync("none", default, default)).IsAnswered, "the store answers");
        return store;
    }

    public SharedCounter Counter(string name = "counter") => new(Store, name);

    public void OnChanged(SessionKey key)
    {
    }

    public void OnConnected(StoreContinuity continuity) => Losses.Enqueue(continuity.Loss);

    public ValueTask DisposeAsync() => Store.DisposeAsync();
}
