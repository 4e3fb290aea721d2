using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>Two nodes and clients that go to either.</summary>
public sealed class NoAffinityTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Reads = 10_000;
    private const int Pairs = 1_000;
    private RedisServer _redis = null!;

    public async ValueTask InitializeAsync() => _redis = await RedisServer.StartAsync();

    public async ValueTask DisposeAsync() => await _redis.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Read_on_another_node_right_after_a_write_is_never_stale(bool hearsOfChanges)
    {
        await using var a = await StartAsync(hearsOfChanges);
        await using var b = await StartAsync(hearsOfChanges);
        var browsers = Enumerable.Range(0, 20).Select(_ => a.Browser()).ToArray();
        var stale = 0;
        await Parallel.ForEachAsync(browsers, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (browser, _) =>
        {
            for (var i = 0; i < Reads / browsers.Length; i++)
            {
                var (writer, reader) = i % 2 == 0 ? (a, b) : (b, a);
                await browser.GetAsync($"/set/value/{i}", writer);
                if (
                    await browser.GetAsync("/get/value", reader)
                    != i.ToString(System.Globalization.CultureInfo.InvariantCulture)
                )
                {
                    Interlocked.Increment(ref stale);
                }
            }
        });
        output.WriteLine($"{Reads} reads on the other node, {stale} stale");
        Assert.Equal(0, stale);
    }

    [Fact]
    public async Task Requests_at_once_on_two_nodes_that_set_different_attributes_both_survive()
    {
        await using var a = await StartAsync(hearsOfChanges: true);
        await using var b = await StartAsync(hearsOfChanges: true);
        var lost = 0;
        for (var i = 0; i < Pairs; i++)
        {
            var first = a.Browser();
            await first.GetAsync("/set/begun/1");
            var second = a.Browser();
            second.Cookie = first.Cookie;
            await Task.WhenAll(first.GetAsync($"/set/left/{i}", a), second.GetAsync($"/set/right/{i}", b));
            lost += await first.GetAsync("/get/left", b) == $"{i}" ? 0 : 1;
            lost += await second.GetAsync("/get/right", a) == $"{i}" ? 0 : 1;
        }

        output.WriteLine($"{Pairs} pairs, {lost} lost");
        Assert.Equal(0, lost);
    }

    private async Task<TestNode> StartAsync(bool hearsOfChanges)
    {
        IClusterSessionStore store = RedisNode.Store(_redis.ConnectionString);
        return await TestNode.StartAsync(hearsOfChanges ? store : new DeafStore(store));
    }

    /// <summary>
    /// A store whose invalidations never arrive, as if the push channel had been cut and nobody
    /// had noticed.
    /// </summary>
    private sealed class DeafStore(IClusterSessionStore inner) : IClusterSessionStore
    {
        public string Name => inner.Name;

        public ValueTask StartAsync(IStoreObserver observer, CancellationToken cancellationToken) =>
            inner.StartAsync(new Deaf(observer), cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();

        public ValueTask<StoreRead> ReadAsync(SessionKey key, SessionVersion known, StoreDeadline deadline) =>
            inner.ReadAsync(key, known, deadline);

        public ValueTask<StoreWrite> CommitAsync(SessionKey key, SessionChange change, StoreDeadline deadline) =>
            inner.CommitAsync(key, change, deadline);

        public ValueTask<StoreWrite> MergeAsync(SessionKey key, SessionMerge copy, StoreDeadline deadline) =>
            inner.MergeAsync(key, copy, deadline);

        public ValueTask<StoreWrite> DestroyAsync(
            SessionKey key,
            SessionEnd end,
            TimeSpan tombstoneLife,
            StoreDeadline deadline
        ) => inner.DestroyAsync(key, end, tombstoneLife, deadline);

        public ValueTask<StoreTouch> TouchAsync(
            SessionKey key,
            TimeSpan life,
            TimeSpan leastLife,
            StoreDeadline deadline
        ) => inner.TouchAsync(key, life, leastLife, deadline);

        public ValueTask<StoreDocument> ReadDocumentAsync(
            string name,
            DocumentPosition known,
            StoreDeadline deadline
        ) => inner.ReadDocumentAsync(name, known, deadline);

        public ValueTask<StoreDocument> MergeDocumentAsync(
            string name,
            IReadOnlyList<DocumentElement> elements,
            TimeSpan life,
            StoreDeadline deadline
        ) => inner.MergeDocumentAsync(name, elements, life, deadline);

        private sealed class Deaf(IStoreObserver observer) : IStoreObserver
        {
            public void OnChanged(SessionKey key) { }

            public void OnConnected(int partition, StoreContinuity continuity) =>
                observer.OnConnected(partition, continuity);
        }
    }
}
