using ClusterSession.KeyRing;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Stores;
using ClusterSession.TestKit.Time;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.KeyRing;

/// <summary>
/// How often cookies have a node read the ring that it has never read, while no background service
/// reads it.
/// </summary>
public sealed class KeyRingReadTests : IAsyncLifetime
{
    private readonly ManualTimeProvider _time = new();
    private readonly CountingStore _reads;
    private readonly FaultyStore _store;
    private readonly ServiceProvider _provider;
    private readonly KeyRingSource _ring;

    public KeyRingReadTests()
    {
        _reads = new CountingStore(new InMemorySessionStore(new InMemorySessions(_time)));
        _store = new FaultyStore(_reads);
        var services = new ServiceCollection();
        services.AddLogging().AddSingleton<TimeProvider>(_time);
        services.AddClusterSession(static options => options.Outage.BreakAfter = 1000).UseStore(_ => _store);
        _provider = services.BuildServiceProvider();
        _ring = _provider.GetRequiredService<KeyRingSource>();
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _provider.DisposeAsync();

    [Fact]
    public async Task Ring_that_was_never_read_is_read_once_a_second_while_that_fails()
    {
        (_store.Failing, _store.IsReplyLost) = (StoreOperations.ReadDocument, true);
        for (var second = 0; second < 3; second++)
        {
            _reads.Reset();
            for (var request = 0; request < 20; request++)
            {
                Assert.Null(await _ring.ReloadAsync(default));
            }

            Assert.Equal(1, _reads.Count(StoreOperations.ReadDocument));
            _time.Advance(TimeSpan.FromSeconds(1.1));
        }

        _store.Failing = StoreOperations.None;
        Assert.NotNull(await _ring.ReloadAsync(default));
    }

    [Fact]
    public async Task Ring_that_a_background_service_has_read_counts_at_once_after_a_failure()
    {
        _store.Failing = StoreOperations.ReadDocument;
        Assert.Null(await _ring.ReloadAsync(default));
        _store.Failing = StoreOperations.None;
        Assert.True(await _ring.RefreshAsync(default));
        _reads.Reset();
        Assert.NotNull(await _ring.ReloadAsync(default));
        Assert.Equal(0, _reads.Count(StoreOperations.ReadDocument));
    }
}
