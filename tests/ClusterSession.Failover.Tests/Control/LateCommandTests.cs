using ClusterSession.Failover.Sights;
using Xunit;

namespace ClusterSession.Failover.Tests.Control;

/// <summary>What a frozen Redis does with a command that was given up, once it goes on.</summary>
public sealed class LateCommandTests
{
    [Fact]
    public async Task Late_Promote_leaves_a_closed_master_with_its_data()
    {
        await using var master = await ClosedRedis.StartAsync();
        await using var redis = await ClosedRedis.StartAsync();
        var tenure = await master.OpenAsync(epoch: 1);
        await master.CommitAsync(tenure, "kept");
        await redis.FollowAsync(master, tenure);
        await redis.HasAsync("kept");
        var self = await redis.TenureAsync(epoch: 2);
        await GivenUpAsync(redis, () => redis.Control.PromoteAsync(self, default));
        await ClosedAsync(redis, sight => sight is { IsMaster: true, DataEpoch: 1 });
        Assert.StartsWith("-WRONGPASS", await redis.CommitAsync(self, "lost"), StringComparison.Ordinal);
        Assert.Equal("kept", await redis.ValueAsync());
    }

    [Fact]
    public async Task Late_Follow_gets_no_further_than_a_replica_of_nobody_and_keeps_the_data()
    {
        await using var other = await ClosedRedis.StartAsync();
        await using var redis = await ClosedRedis.StartAsync();
        var tenure = await redis.OpenAsync(epoch: 1);
        await redis.CommitAsync(tenure, "kept");
        await redis.Control.CloseAsync(default);
        var admitting = await other.OpenAsync(epoch: 2);
        await redis.SeenAsync();
        await GivenUpAsync(redis, () => redis.Control.FollowAsync(other.Member, admitting, default));
        await ClosedAsync(redis, sight => sight is { DataEpoch: 1, Follows: null });
        Assert.Equal("kept", await redis.ValueAsync());
    }

    [Fact]
    public async Task Late_Close_closes_and_the_next_command_is_executed_behind_it()
    {
        await using var redis = await ClosedRedis.StartAsync();
        var tenure = await redis.OpenAsync(epoch: 1);
        await GivenUpAsync(redis, () => redis.Control.CloseAsync(default));
        await redis.Control.OpenAsync(tenure with { Epoch = 2 }, ClosedRedis.In(TimeSpan.FromHours(1)), default);
        Assert.True(await redis.SeenAsync() is { AdmitsClients: true, HasOwnRecord: true, DataEpoch: 2 });
    }

    /// <summary>Sends it to a frozen Redis, gives it up, and lets the Redis go on.</summary>
    private static async Task GivenUpAsync(ClosedRedis redis, Func<ValueTask> command)
    {
        redis.Server.Process.Stop();
        try
        {
            await OpenTests.RefusedAsync(command);
        }
        finally
        {
            redis.Server.Process.Continue();
        }
    }

    private static Task ClosedAsync(ClosedRedis redis, Func<RedisSight, bool> condition) =>
        redis.SeenAsync(
            sight => sight is { IsReachable: true, AdmitsClients: false, HasOwnRecord: false } && condition(sight),
            "it is closed, and as expected"
        );
}
