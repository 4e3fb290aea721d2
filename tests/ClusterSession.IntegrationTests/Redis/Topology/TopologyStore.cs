using System.Collections.Concurrent;
using ClusterSession.Records;
using ClusterSession.Redis;
using ClusterSession.Stores;

namespace ClusterSession.IntegrationTests.Redis.Topology;

/// <summary>A store that has begun to connect, and what it said of the servers it met.</summary>
internal sealed class TopologyStore : IStoreObserver, IAsyncDisposable
{
    private TopologyStore(string connectionString, TimeSpan? lease) => Store = RedisNode.Store(connectionString, lease);

    public RedisSessionStore Store { get; }

    public ConcurrentQueue<StoreLoss> Losses { get; } = new();

    /// <summary>The same, each with its partition.</summary>
    public ConcurrentQueue<(int Partition, StoreLoss Loss)> LossesOf { get; } = new();

    /// <summary>From which partition to which keys went.</summary>
    public ConcurrentQueue<(int From, int To)> Moves { get; } = new();

    /// <summary>Connects and waits until it is answered.</summary>
    public static async Task<TopologyStore> StartAsync(string connectionString, TimeSpan? lease = null)
    {
        var store = new TopologyStore(connectionString, lease);
        await store.Store.StartAsync(store, default);
        await Condition.HoldsAsync(
            async () => (await store.Store.ReadDocumentAsync("none", default, default)).IsAnswered,
            "the store answers"
        );
        return store;
    }

    public SharedCounter Counter(string name = "counter") => new(Store, name);

    public void OnChanged(SessionKey key) { }

    public void OnConnected(int partition, StoreContinuity continuity)
    {
        Losses.Enqueue(continuity.Loss);
        LossesOf.Enqueue((partition, continuity.Loss));
    }

    public void OnMoved(int from, int to) => Moves.Enqueue((from, to));

    public ValueTask DisposeAsync() => Store.DisposeAsync();
}
