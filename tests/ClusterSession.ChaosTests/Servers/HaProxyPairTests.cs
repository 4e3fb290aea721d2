using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Servers;

public sealed class HaProxyPairTests
{
    [Fact]
    public async Task One_address_follows_the_master_through_a_failover_and_back()
    {
        await using var pair = await HaProxyPair.StartAsync();
        Assert.Equal("OK", await pair.TryThroughAsync("SET", "before", "1"));
        await Condition.HoldsAsync(async () => await pair.Second.CommandAsync("EXISTS", "before") == "1");

        await pair.First.Kill9Async();
        var promoted = await pair.NewMasterAsync(pair.First);
        Assert.Equal(pair.Second, promoted);
        Assert.Equal("1", await pair.TryThroughAsync("GET", "before"));

        await pair.RejoinAsync(pair.First);
        await pair.SwitchAsync();
        Assert.Equal(pair.First, pair.Master);
        await pair.NewMasterAsync(pair.Second);
        Assert.Equal("1", await pair.TryThroughAsync("GET", "before"));
        Assert.False(await pair.Second.IsMasterAsync());
    }

    [Fact]
    public async Task A_second_master_that_turns_up_gets_nobody()
    {
        await using var pair = await HaProxyPair.StartAsync();

        await pair.Second.CommandAsync("REPLICAOF", "NO", "ONE");

        for (var i = 0; i < 20; i++)
        {
            Assert.Equal("OK", await pair.TryThroughAsync("SET", $"k{i}", "1"));
        }
        Assert.Equal("20", await pair.First.CommandAsync("DBSIZE"));
        Assert.Equal("0", await pair.Second.CommandAsync("DBSIZE"));
    }
}
