using ClusterSession.Records;
using ClusterSession.Redis;
using ClusterSession.Stores;
using ClusterSession.TestKit.Servers;
using ClusterSession.TestKit.Sessions;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Topology;

/// <summary>
/// Which answers of a cluster's master keep copies current: not each that shows it to be alive.
/// </summary>
public sealed class ClusterLeaseTests : IAsyncLifetime
{
    private readonly List<TopologyStore> _stores = [];
    private RedisClusterFixture _cluster = null!;

    public async ValueTask InitializeAsync() => _cluster = await RedisClusterFixture.StartAsync(replicasEach: 0);

    public async ValueTask DisposeAsync()
    {
        foreach (var store in _stores)
        {
            await store.DisposeAsync();
        }

        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task Master_that_is_cut_off_from_the_others_renews_no_lease()
    {
        var store = await StartAsync();
        var (_, lease, cutOff) = await ReadAsync(store);

        foreach (var other in _cluster.Servers.Where(server => server != cutOff))
        {
            other.Process.Stop();
        }

        await Condition.HoldsAsync(() => !lease.IsCurrent, "the lease is over");
        Assert.False(lease.IsLost, "the connection is as it was");
        Assert.Equal("PONG", await cutOff.CommandAsync("PING"));
        foreach (var other in _cluster.Servers.Where(server => server != cutOff))
        {
            other.Process.Continue();
        }

        await Condition.HoldsAsync(() => lease.IsCurrent, "the lease is current again");
    }

    [Fact]
    public async Task Lease_names_the_partition_of_its_session()
    {
        var store = await StartAsync();
        var named = new HashSet<int>();
        while (named.Count < 3)
        {
            var key = SessionKeys.New();
            var read = await store.Store.ReadAsync(key, SessionVersion.None, default);
            Assert.Equal(StoreReadOutcome.Missing, read.Outcome);
            Assert.Equal(store.Store.PartitionOf(key), read.Lease.Partition);
            named.Add(read.Lease.Partition);
        }
    }

    [Fact]
    public async Task Lease_of_an_idle_connection_stays_current()
    {
        var store = await StartAsync();
        var (_, lease, server) = await ReadAsync(store);
        var before = await CallsAsync(server, "exists");
        await Condition.HoldsAsync(async () =>
        {
            Assert.True(lease.IsCurrent);
            return await CallsAsync(server, "exists") >= before + 10;
        });
    }

    [Fact]
    public async Task Slot_that_another_master_takes_over_without_migration_ends_the_lease()
    {
        var store = await StartAsync();
        var (key, lease, former) = await ReadAsync(store);

        await TakeOverAsync(key, former);

        await Condition.HoldsAsync(() => !lease.IsCurrent, "the lease is over");
    }

    [Fact]
    public async Task Slot_that_is_taken_over_while_nobody_tells_the_slots_ends_the_lease()
    {
        var store = await StartAsync();
        var (key, lease, former) = await ReadAsync(store);
        foreach (var server in _cluster.Servers)
        {
            Assert.Equal("OK", await server.CommandAsync("ACL", "SETUSER", "default", "-cluster|nodes"));
        }

        await TakeOverAsync(key, former);

        await Condition.HoldsAsync(() => !lease.IsCurrent, "the lease is over");
    }

    /// <summary>As <c>redis-cli --cluster fix</c> does.</summary>
    private async Task TakeOverAsync(string key, RedisServer former)
    {
        var slot = await _cluster.SlotOfAsync(key);
        var taker = _cluster.Servers.First(server => server != former);
        var id = await taker.CommandAsync("CLUSTER", "MYID");
        Assert.Equal("OK", await taker.CommandAsync("CLUSTER", "SETSLOT", $"{slot}", "NODE", id));
        await taker.CommandAsync("CLUSTER", "BUMPEPOCH");
        await Condition.HoldsAsync(
            async () => await former.CommandAsync("EXISTS", key) != "1",
            "the former master has dropped it"
        );
    }

    private async Task<TopologyStore> StartAsync()
    {
        var store = await TopologyStore.StartAsync(_cluster.ConnectionString, TimeSpan.FromSeconds(1));
        _stores.Add(store);
        return store;
    }

    /// <summary>A session, the lease of its copy, and who has it.</summary>
    private async Task<(string Key, SessionLease Lease, RedisServer Server)> ReadAsync(TopologyStore store)
    {
        var version = new VersionSource().Next();
        var key = SessionKeys.New();
        var record = RecordSketch.At(version).With("a", "1", version).Build();
        var created = new SessionMerge(record, version, MergeMode.Create, TimeSpan.FromHours(1));
        Assert.Equal(WriteOutcome.Committed, (await store.Store.MergeAsync(key, created, default)).Outcome);
        var read = await store.Store.ReadAsync(key, SessionVersion.None, default);
        Assert.Equal(StoreReadOutcome.Found, read.Outcome);
        await Condition.HoldsAsync(() => read.Lease.IsCurrent, "the lease is current");
        var text = $"cs:1:{{{key}}}";
        return (text, read.Lease, await _cluster.OwnerAsync(await _cluster.SlotOfAsync(text)));
    }

    private static async Task<long> CallsAsync(RedisServer server, string command)
    {
        var statistics = await server.InfoAsync("commandstats", $"cmdstat_{command}");
        return statistics.Length == 0
            ? 0
            : long.Parse(
                statistics.Split("calls=")[1].Split(',')[0],
                System.Globalization.CultureInfo.InvariantCulture
            );
    }
}
