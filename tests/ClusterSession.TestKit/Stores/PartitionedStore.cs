using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.TestKit.Stores;

/// <summary>
/// A store of several partitions, each a store of one: what one of them does, and does not do,
/// concerns its own keys only. Documents are in the first.
/// </summary>
public sealed class PartitionedStore(params IClusterSessionStore[] parts) : IClusterSessionStore
{
    private readonly int[] _places = [.. Enumerable.Range(0, parts.Length)];
    private IStoreObserver? _observer;

    public string Name => "partitioned";

    public IReadOnlyList<StorePartition> Partitions { get; } =
    [.. Enumerable.Range(0, parts.Length).Select(static number => new StorePartition(number, $"part{number}"))];

    public int PartitionOf(SessionKey key) => Volatile.Read(ref _places[key.Mark % (ulong)parts.Length]);

    /// <summary>
    /// All keys of one partition are in another from now on; what is stored of them stays behind.
    /// </summary>
    public void Move(int from, int to)
    {
        _observer?.OnMoved(from, to);
        for (var place = 0; place < _places.Length; place++)
        {
            Interlocked.CompareExchange(ref _places[place], to, from);
        }
    }

    public async ValueTask StartAsync(IStoreObserver observer, CancellationToken cancellationToken)
    {
        _observer = observer;
        for (var i = 0; i < parts.Length; i++)
        {
            await parts[i].StartAsync(new Relay(observer, i), cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var part in parts)
        {
            await part.DisposeAsync();
        }
    }

    public ValueTask<StoreRead> ReadAsync(SessionKey key, SessionVersion known, StoreDeadline deadline) =>
        PartOf(key).ReadAsync(key, known, deadline);

    public ValueTask<StoreWrite> CommitAsync(SessionKey key, SessionChange change, StoreDeadline deadline) =>
        PartOf(key).CommitAsync(key, change, deadline);

    public ValueTask<StoreWrite> MergeAsync(SessionKey key, SessionMerge copy, StoreDeadline deadline) =>
        PartOf(key).MergeAsync(key, copy, deadline);

    public ValueTask<StoreWrite> DestroyAsync(
        SessionKey key,
        SessionEnd end,
        TimeSpan tombstoneLife,
        StoreDeadline deadline
    ) => PartOf(key).DestroyAsync(key, end, tombstoneLife, deadline);

    public ValueTask<StoreTouch> TouchAsync(
        SessionKey key,
        TimeSpan life,
        TimeSpan leastLife,
        StoreDeadline deadline
    ) => PartOf(key).TouchAsync(key, life, leastLife, deadline);

    public ValueTask<StoreDocument> ReadDocumentAsync(string name, DocumentPosition known, StoreDeadline deadline) =>
        parts[0].ReadDocumentAsync(name, known, deadline);

    public ValueTask<StoreDocument> MergeDocumentAsync(
        string name,
        IReadOnlyList<DocumentElement> elements,
        TimeSpan life,
        StoreDeadline deadline
    ) => parts[0].MergeDocumentAsync(name, elements, life, deadline);

    private IClusterSessionStore PartOf(SessionKey key) => parts[PartitionOf(key)];

    private sealed class Relay(IStoreObserver observer, int number) : IStoreObserver
    {
        public void OnChanged(SessionKey key) => observer.OnChanged(key);

        public void OnDocumentChanged(string name) => observer.OnDocumentChanged(name);

        public void OnConnected(int partition, StoreContinuity continuity) => observer.OnConnected(number, continuity);
    }
}
