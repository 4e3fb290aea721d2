using Xunit;

namespace ClusterSession.Failover.Tests.Control;

/// <summary>How a master is closed.</summary>
public sealed class CloseTests
{
    [Fact]
    public async Task Close_ends_every_connection_of_the_application_and_takes_the_record_away()
    {
        await using var redis = await ClosedRedis.StartAsync();
        var tenure = await redis.OpenAsync(epoch: 1);
        var (idle, _) = await redis.LogInAsync();
        var (subscribed, _) = await redis.LogInAsync();
        var (inTransaction, _) = await redis.LogInAsync();
        var (blocked, _) = await redis.LogInAsync();
        using (idle)
        using (subscribed)
        using (inTransaction)
        using (blocked)
        {
            Assert.Equal("OK", await ClosedRedis.CommitAsync(idle, tenure, "before"));
            await redis.AskAsync("ACL", "SETUSER", ClosedRedis.Start.ApplicationUser, "+multi", "+exec");
            await subscribed.CommandAsync("SUBSCRIBE", $"{ClosedRedis.Prefix}:1:nodes");
            Assert.Equal("OK", await inTransaction.CommandAsync("MULTI"));
            Assert.Equal("QUEUED", await inTransaction.CommandAsync("SET", $"{ClosedRedis.Prefix}:value", "queued"));
            var waiting = blocked.CommandAsync("WAIT", "1", "0");
            await Condition.HoldsAsync(
                async () => await redis.InfoAsync("clients", "blocked_clients") == "1",
                "one client waits"
            );
            for (var i = 0; i < 2; i++)
            {
                await redis.Control.CloseAsync(default);
                Assert.True(await redis.SeenAsync() is { Record: null, AdmitsClients: false, IsMaster: true });
                Assert.Equal("", await redis.AskAsync("CLIENT", "LIST", "ID", await IdsAsync(redis)));
            }

            await Assert.ThrowsAnyAsync<IOException>(() => ClosedRedis.CommitAsync(idle, tenure, "after"));
            await Assert.ThrowsAnyAsync<IOException>(() => subscribed.CommandAsync("PING"));
            await Assert.ThrowsAnyAsync<IOException>(() => inTransaction.CommandAsync("EXEC"));
            await Assert.ThrowsAnyAsync<IOException>(() => waiting);
        }

        Assert.Equal("before", await redis.ValueAsync());
        Assert.StartsWith("-WRONGPASS", await redis.CommitAsync(tenure, "after"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Close_of_a_replica_locks_the_application_out_and_leaves_the_record_of_its_master()
    {
        await using var master = await ClosedRedis.StartAsync();
        await using var replica = await ClosedRedis.StartAsync();
        var tenure = await master.OpenAsync(epoch: 1);
        await replica.FollowAsync(master, tenure);
        await replica.AskAsync("ACL", "SETUSER", ClosedRedis.Start.ApplicationUser, "on"); // By hand.
        Assert.True((await replica.SeenAsync()).AdmitsClients);
        await replica.Control.CloseAsync(default);
        var sight = await replica.SeenAsync();
        Assert.Equal((false, tenure, false), (sight.AdmitsClients, sight.Record, sight.HasOwnRecord));
        Assert.True(sight.IsLinkUp);
    }

    [Fact]
    public async Task Closed_Redis_may_be_closed_and_needs_no_record()
    {
        await using var redis = await ClosedRedis.StartAsync();
        await redis.Control.CloseAsync(default);
        Assert.True(await redis.SeenAsync() is { AdmitsClients: false, IsMaster: false });
    }

    /// <summary>
    /// The connections of the application; 0, which no connection has, if there are none.
    /// </summary>
    private static async Task<string> IdsAsync(ClosedRedis redis)
    {
        var clients = (await redis.AskAsync("CLIENT", "LIST")).Split('\n');
        var user = $" user={ClosedRedis.Start.ApplicationUser} ";
        return clients
            .Where(line => line.Contains(user, StringComparison.Ordinal))
            .Select(line => line.Split(' ')[0].Replace("id=", "", StringComparison.Ordinal))
            .FirstOrDefault("0");
    }
}
