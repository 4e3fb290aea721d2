using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Servers;
using ClusterSession.TestKit.Sessions;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Topology;

/// <summary>
/// Three masters, three replicas. The connection string does not say that it is a cluster: that is
/// found out.
/// </summary>
public sealed class ClusterTests : IAsyncLifetime
{
    private static readonly Comparer<SessionKey> KeyOrder = Comparer<SessionKey>.Create(
        static (a, b) => string.CompareOrdinal(a.ToString(), b.ToString())
    );

    private RedisClusterFixture _cluster = null!;
    private TopologyStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        _cluster = await RedisClusterFixture.StartAsync();
        _store = await TopologyStore.StartAsync(_cluster.ConnectionString);
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task Keys_of_all_slots_are_written_and_read()
    {
        var counters = Enumerable.Range(0, 300).Select(i => _store.Counter($"n{i}")).ToArray();
        foreach (var counter in counters)
        {
            Assert.True(await counter.TryIncrementAsync());
        }

        foreach (var counter in counters)
        {
            Assert.Equal("1", await counter.ReadAsync());
        }

        foreach (var master in _cluster.Servers.Take(3))
        {
            Assert.InRange(
                int.Parse(await master.CommandAsync("DBSIZE"), System.Globalization.CultureInfo.InvariantCulture),
                100,
                400
            ); // Two keys each.
        }

        Assert.Equal([StoreLoss.None, StoreLoss.None, StoreLoss.None], _store.Losses);
    }

    [Fact]
    public async Task Sessions_of_all_masters_are_listed()
    {
        var versions = new VersionSource();
        var keys = new HashSet<SessionKey>();
        for (var i = 0; i < 60; i++)
        {
            var (key, version) = (SessionKeys.New(), versions.Next());
            var record = RecordSketch.At(version).With("a", "1", version).Build();
            var created = new SessionMerge(record, version, MergeMode.Create, TimeSpan.FromHours(1));
            Assert.Equal(WriteOutcome.Committed, (await _store.Store.MergeAsync(key, created, default)).Outcome);
            keys.Add(key);
        }

        var (listed, cursor) = (new HashSet<SessionKey>(), (string?)null);
        do
        {
            var page = await _store.Store.Directory.ListAsync(cursor, 10, default);
            Assert.Equal(StoreFailure.None, page.Failure);
            listed.UnionWith(page.Sessions.Select(one => one.Key));
            cursor = page.Next;
        } while (cursor is not null);
        Assert.Equal(keys.Order(KeyOrder), listed.Order(KeyOrder));
        var primaries = _store
            .Store.Inspection.Snapshot()
            .Where(server => server is { IsConnected: true, Role: StoreServerRole.Primary });
        Assert.Equal(
            _store.Store.Partitions.Select(partition => partition.Number).Order(),
            primaries.Select(server => server.Partition).Order()
        );
    }

    [Fact]
    public async Task A_replica_alone_in_the_connection_string_leads_to_the_masters()
    {
        await using var store = await TopologyStore.StartAsync(_cluster.Servers[4].Endpoint);
        Assert.True(await store.Counter().TryIncrementAsync());
        await using var told = await TopologyStore.StartAsync(_cluster.Servers[5].Endpoint + ",cluster=true");
        Assert.Equal("1", await told.Counter().ReadAsync());
    }

    [Fact]
    public async Task A_slot_on_its_way_is_asked_for_at_its_target()
    {
        var counter = _store.Counter("moving");
        await counter.IncrementAsync();
        var slot = await _cluster.SlotOfAsync(SharedCounter.KeyOf("moving"));
        var source = await _cluster.OwnerAsync(slot);
        var target = _cluster.Servers.Take(3).First(s => s != source);
        await _cluster.BeginMigrationAsync(slot, source, target);
        Assert.True(await counter.TryIncrementAsync());
        await RedisClusterFixture.MigrateKeysAsync(slot, source, target);
        for (var i = 0; i < 20; i++)
        {
            Assert.True(await counter.TryIncrementAsync());
        }

        Assert.Equal("22", await counter.ReadAsync());
        await target.CommandAsync("SCRIPT", "FLUSH");
        Assert.True(await counter.TryIncrementAsync());
        await _cluster.FinishMigrationAsync(slot, source, target);
        Assert.True(await counter.TryIncrementAsync());
        Assert.Equal("24", await counter.ReadAsync());
        Assert.DoesNotContain(_store.Losses, loss => loss != StoreLoss.None);
    }

    [Fact]
    public async Task Resharding_under_load_fails_no_commit_and_loses_none()
    {
        // Names of one slot range only, so that every one of them is moved.
        const int First = 0;
        const int Last = 60;
        var names = new List<string>();
        for (var i = 0; names.Count < 12; i++)
        {
            if (await _cluster.SlotOfAsync(SharedCounter.KeyOf($"r{i}")) is >= First and <= Last)
            {
                names.Add($"r{i}");
            }
        }

        var counters = names.Select(name => _store.Counter(name)).ToArray();
        using var stop = new CancellationTokenSource();
        var load = counters
            .Select(counter =>
                Task.Run(async () =>
                {
                    while (!stop.IsCancellationRequested)
                    {
                        await counter.TryIncrementAsync();
                    }
                })
            )
            .ToArray();
        await Condition.HoldsAsync(() => counters.All(c => c.Acknowledged > 10), "all are at work");
        await _cluster.ReshardAsync(First, Last, _cluster.Servers[1]);
        var before = counters.Select(c => c.Acknowledged).ToArray();
        await Condition.HoldsAsync(
            () => counters.Zip(before).All(p => p.First.Acknowledged > p.Second + 10),
            "all are still at work"
        );
        await stop.CancelAsync();
        await Task.WhenAll(load);
        foreach (var (counter, name) in counters.Zip(names))
        {
            Assert.Equal(StoreFailure.None, counter.Failure);
            Assert.Equal($"{counter.Acknowledged}", await SharedCounter.StoredAsync(_cluster.Servers[1], name));
        }
    }

    [Fact]
    public async Task After_kill_9_of_one_master_its_replica_takes_over_and_the_others_notice_nothing()
    {
        var all = Enumerable.Range(0, 30).Select(i => (Name: $"n{i}", Counter: _store.Counter($"n{i}"))).ToArray();
        var dead = _cluster.Servers[0];
        var slot = -1;
        List<SharedCounter> orphans = [],
            others = [];
        foreach (var (name, counter) in all)
        {
            await counter.IncrementAsync();
            var itsSlot = await _cluster.SlotOfAsync(SharedCounter.KeyOf(name));
            if (await _cluster.OwnerAsync(itsSlot) == dead)
            {
                orphans.Add(counter);
                slot = itsSlot;
            }
            else
            {
                others.Add(counter);
            }
        }

        await _cluster.Servers[3].HasAllOfAsync(dead);
        await dead.Kill9Async();
        foreach (var counter in others)
        {
            Assert.True(await counter.TryIncrementAsync());
        }

        foreach (var counter in orphans)
        {
            await counter.IncrementAsync();
        }

        foreach (var counter in orphans)
        {
            Assert.Equal("2", await counter.ReadAsync());
        }

        Assert.NotEmpty(orphans);
        Assert.Equal([StoreLoss.None, StoreLoss.None, StoreLoss.None, StoreLoss.Recent], _store.Losses);

        await _cluster.NewOwnerAsync(slot, dead);
        await _cluster.RejoinAsync(dead);
        foreach (var counter in orphans)
        {
            Assert.True(await counter.TryIncrementAsync());
        }
    }

    [Fact]
    public async Task A_planned_failover_of_one_shard_loses_nothing()
    {
        var counters = Enumerable.Range(0, 30).Select(i => _store.Counter($"n{i}")).ToArray();
        foreach (var counter in counters)
        {
            await counter.IncrementAsync();
        }

        Assert.Equal("OK", await _cluster.Servers[3].CommandAsync("CLUSTER", "FAILOVER"));
        await Condition.HoldsAsync(() => _cluster.Servers[3].IsMasterAsync(), "the replica is master");
        for (var i = 0; i < 10; i++)
        {
            foreach (var counter in counters)
            {
                await counter.IncrementAsync();
            }
        }

        foreach (var counter in counters)
        {
            Assert.Equal("11", await counter.ReadAsync());
        }
    }

    [Fact]
    public async Task Sessions_of_two_nodes_are_coherent_over_a_move_of_their_slots()
    {
        await using var a = await TestNode.StartAsync(RedisNode.Store(_cluster.ConnectionString));
        await using var b = await TestNode.StartAsync(RedisNode.Store(_cluster.ConnectionString));
        var browsers = Enumerable.Range(0, 10).Select(_ => a.Browser()).ToArray();
        foreach (var browser in browsers)
        {
            await browser.GetAsync("/set/color/red");
        }

        await _cluster.ReshardAsync(0, 20, _cluster.Servers[2]);
        foreach (var browser in browsers)
        {
            Assert.Equal("red", await browser.GetAsync("/get/color", b));
            await browser.GetAsync("/set/color/blue", b);
            Assert.Equal("blue", await browser.GetAsync("/get/color", a));
        }
    }
}
