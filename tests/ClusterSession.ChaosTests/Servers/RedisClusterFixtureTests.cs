using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Servers;

public sealed class RedisClusterFixtureTests
{
    [Fact]
    public async Task Slots_move_half_way_and_whole_and_a_killed_master_is_replaced()
    {
        await using var cluster = await RedisClusterFixture.StartAsync();
        var slot = await cluster.SlotOfAsync("{a}1");
        var source = await cluster.OwnerAsync(slot);
        var target = cluster.Servers.Take(3).First(s => s != source);
        Assert.Equal("OK", await source.CommandAsync("SET", "{a}1", "x"));
        Assert.StartsWith("-MOVED", await target.CommandAsync("GET", "{a}1"), StringComparison.Ordinal);

        await cluster.BeginMigrationAsync(slot, source, target);
        Assert.StartsWith("-ASK", await source.CommandAsync("GET", "{a}2"), StringComparison.Ordinal);
        await cluster.FinishMigrationAsync(slot, source, target);
        Assert.Equal("x", await target.CommandAsync("GET", "{a}1"));
        Assert.StartsWith("-MOVED", await source.CommandAsync("GET", "{a}1"), StringComparison.Ordinal);

        await cluster.ReshardAsync(slot, slot + 2, target);
        Assert.Equal(target, await cluster.OwnerAsync(slot + 2));

        await target.Kill9Async();
        var heir = await cluster.NewOwnerAsync(slot, target);
        Assert.Equal("x", await heir.CommandAsync("GET", "{a}1"));
        await cluster.RejoinAsync(target);
        await Condition.HoldsAsync(async () => !await target.IsMasterAsync(), "the old master became a replica");
    }
}
