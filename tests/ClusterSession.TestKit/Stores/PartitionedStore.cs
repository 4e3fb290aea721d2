using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.TestKit.Stores;

/// <summary>
/// A store of several partitions, each a store of one: what one of them does, and does not do,
/// concerns its own keys only. Shared values and documents are in the first.
/// </summary>
public sealed class PartitionedStore(params IClusterSessionStore[] parts) : IClusterSessionStore
{
    private readonly int[] _places = [.. Enumerable.Range(0, parts.Length)];
    private IStoreObserver? _observer;

    public string Name => "partitioned";

    public IReadOnlyList<StorePartition> Partitions { get; } =
        [.. Enumerable.Range(0, parts.Length).Select(static number => new StorePartition(number, $"part{number}"))];

    public int PartitionOf(SessionKey key) => Volatile.Read(ref _places[key.Mark % (ulong)parts.Length]);

    /// <summary>All keys of one partition are in another from now on; what is stored of them stays behind.</summary>
    public void Move(int from, int to)
    {
        _observer?.OnMoved(from, to);
        for (var place = 0; place < _places.Length; place++)
        {
            Interlocked.CompareExchange(ref _places[place], to, from);
        }
    }

    public void Observe(IStoreObserver observer)
    {
        _observer = observer;
        for (var i = 0; i < parts.Length; i++)
        {
            parts[i].Observe(new Relay(observer, i));
        }
    }

    public ValueTask<StoreRead> ReadAsync(SessionKey key, SessionVersion known, CancellationToken cancellationToken) =>
        PartOf(key).ReadAsync(key, known, cancellationToken);

    public ValueTask<StoreWrite> CommitAsync(SessionKey key, SessionChange change, CancellationToken cancellationToken) =>
        PartOf(key).CommitAsync(key, change, cancellationToken);

    public ValueTask<StoreWrite> MergeAsync(SessionKey key, SessionMerge copy, CancellationToken cancellationToken) =>
        PartOf(key).MergeAsync(key, copy, cancellationToken);

    public ValueTask<StoreWrite> DestroyAsync(
        SessionKey key, SessionEnd end, TimeSpan tombstoneLife, CancellationToken cancellationToken) =>
        PartOf(key).DestroyAsync(key, end, tombstoneLife, cancellationToken);

    public ValueTask<StoreTouch> TouchAsync(
        SessionKey key, TimeSpan life, TimeSpan leastLife, CancellationToken cancellationToken) =>
        PartOf(key).TouchAsync(key, life, leastLife, cancellationToken);

    public ValueTask<StoreShared> ReadSharedAsync(string name, CancellationToken cancellationToken) =>
        parts[0].ReadSharedAsync(name, cancellationToken);

    public ValueTask<StoreShared> CompareExchangeSharedAsync(
        string name, ReadOnlyMemory<byte>? expected, ReadOnlyMemory<byte> value, CancellationToken cancellationToken) =>
        parts[0].CompareExchangeSharedAsync(name, expected, value, cancellationToken);

    public ValueTask<StoreDocument> ReadDocumentAsync(
        string name, DocumentPosition known, CancellationToken cancellationToken) =>
        parts[0].ReadDocumentAsync(name, known, cancellationToken);

    public ValueTask<StoreDocument> MergeDocumentAsync(
        string name, IReadOnlyList<DocumentElement> elements, TimeSpan life, CancellationToken cancellationToken) =>
        parts[0].MergeDocumentAsync(name, elements, life, cancellationToken);

    private IClusterSessionStore PartOf(SessionKey key) => parts[PartitionOf(key)];

    private sealed class Relay(IStoreObserver observer, int number) : IStoreObserver
    {
        public void OnChanged(SessionKey key) => observer.OnChanged(key);

        public void OnSharedChanged(string name) => observer.OnSharedChanged(name);

        public void OnDocumentChanged(string name) => observer.OnDocumentChanged(name);

        public void OnConnected(int partition, StoreContinuity continuity) => observer.OnConnected(number, continuity);
    }
}
