using ClusterSession.Redis.Connection.Fencing;
using Xunit;

namespace ClusterSession.Failover.Tests.Control;

/// <summary>Who follows whom, and what becomes of the data.</summary>
public sealed class FollowTests
{
    [Fact]
    public async Task Replica_logs_in_as_the_user_of_one_process_under_one_lease_and_gets_its_data()
    {
        await using var master = await ClosedRedis.StartAsync();
        await using var replica = await ClosedRedis.StartAsync();
        var tenure = await master.OpenAsync(epoch: 4);
        await master.CommitAsync(tenure, "first");
        await replica.FollowAsync(master, tenure);
        Assert.Contains(
            $" user=replica-4-{tenure.RunId} ",
            await master.AskAsync("CLIENT", "LIST", "TYPE", "replica"),
            StringComparison.Ordinal
        );
        Assert.Equal("OK", await master.CommitAsync(tenure, "second"));
        await Condition.HoldsAsync(async () => await replica.ValueAsync() == "second", "it is replicated");
        var (sight, other) = (await replica.SeenAsync(), await master.SeenAsync());
        Assert.Equal((other.HistoryId, 4L, tenure), (sight.HistoryId, sight.DataEpoch, sight.Record));
        Assert.False(sight.HasOwnRecord);

        await replica.Control.FollowAsync(master.Member, tenure with { Epoch = 5 }, default);
        await RefusedByAsync(master, tenure with { Epoch = 5 });
        sight = await replica.SeenAsync();
        Assert.Equal((tenure with { Epoch = 5 }, false), (sight.Follows, sight.IsLinkUp));
        Assert.Equal("second", await replica.ValueAsync());
    }

    [Fact]
    public async Task Replica_of_the_same_process_under_a_later_lease_needs_no_full_synchronisation()
    {
        await using var master = await ClosedRedis.StartAsync();
        await using var replica = await ClosedRedis.StartAsync();
        var tenure = await master.OpenAsync(epoch: 1);
        await replica.FollowAsync(master, tenure);
        var next = tenure with { Epoch = 2 };
        await master.Control.OpenAsync(next, ClosedRedis.In(TimeSpan.FromHours(1)), default);
        Assert.Equal([tenure, next], (await master.SeenAsync()).Admits.OrderBy(user => user.Epoch));
        await replica.FollowAsync(master, next);
        var links = await master.AskAsync("CLIENT", "LIST", "TYPE", "replica");
        Assert.Contains($" user=replica-2-{tenure.RunId} ", links, StringComparison.Ordinal);
        Assert.DoesNotContain($" user=replica-1-{tenure.RunId} ", links, StringComparison.Ordinal);
        Assert.Equal("1", await master.InfoAsync("stats", "sync_full"));

        await master.Control.OpenAsync(next, ClosedRedis.In(TimeSpan.FromHours(1)), default);
        await master.CommitAsync(next, "over the same link");
        await replica.HasAsync("over the same link");
        Assert.Equal(links.Split(' ')[0], (await master.AskAsync("CLIENT", "LIST", "TYPE", "replica")).Split(' ')[0]);
    }

    [Fact]
    public async Task Master_that_was_started_again_empty_admits_nobody_and_wipes_nobody()
    {
        await using var master = await ClosedRedis.StartAsync();
        await using var replica = await ClosedRedis.StartAsync();
        var tenure = await master.OpenAsync(epoch: 1);
        await master.CommitAsync(tenure, "kept");
        await replica.FollowAsync(master, tenure);
        await replica.HasAsync("kept");
        await master.Server.Kill9Async();
        await master.Server.StartAgainAsync();
        await RefusedByAsync(master, tenure);

        await master.PromoteAsync(epoch: 1); // Even so: it is another process.
        await RefusedByAsync(master, tenure);
        Assert.True((await master.SeenAsync()).IsEmpty);
        Assert.Equal("kept", await replica.ValueAsync());
        var sight = await replica.SeenAsync();
        Assert.Equal((false, 1L, tenure), (sight.IsLinkUp, sight.DataEpoch, sight.Follows));
    }

    [Fact]
    public async Task Promoted_replica_keeps_its_data_and_its_former_master_follows_it_in_step()
    {
        await using var first = await ClosedRedis.StartAsync();
        await using var second = await ClosedRedis.StartAsync();
        var tenure = await first.OpenAsync(epoch: 1);
        await first.CommitAsync(tenure, "kept");
        await second.FollowAsync(first, tenure);
        await second.HasAsync("kept");
        await first.Control.CloseAsync(default);
        var former = await first.SeenAsync();
        await second.SeenAsync(sight => sight.Offset >= former.Offset, "it has all");

        var promoted = await second.PromoteAsync(epoch: 2);
        await second.Control.PromoteAsync(promoted, default); // Once more is no change.
        var sight = await second.SeenAsync();
        Assert.True(sight is { IsMaster: true, AdmitsClients: false, HasOwnRecord: false, Follows: null });
        Assert.Equal(1, sight.DataEpoch);
        Assert.Equal([promoted], sight.Admits);
        Assert.Equal(former.HistoryId, sight.FormerHistoryId);
        Assert.True(sight.FormerOffset >= former.Offset);
        Assert.StartsWith("-WRONGPASS", await second.CommitAsync(promoted, "lost"), StringComparison.Ordinal);
        Assert.Equal("kept", await second.ValueAsync());

        await first.FollowAsync(second, promoted);
        Assert.Equal("0", await second.InfoAsync("stats", "sync_full"));
        Assert.Empty((await first.SeenAsync()).Admits);
        await second.Control.OpenAsync(promoted, ClosedRedis.In(TimeSpan.FromHours(1)), default);
        Assert.Equal("OK", await second.CommitAsync(promoted, "new"));
        await first.HasAsync("new");
        Assert.Equal(2, (await first.SeenAsync()).DataEpoch);
    }

    [Fact]
    public async Task Who_follows_another_admits_nobody_any_more_and_ends_the_links_of_its_replicas()
    {
        await using var a = await ClosedRedis.StartAsync();
        await using var b = await ClosedRedis.StartAsync();
        await using var c = await ClosedRedis.StartAsync();
        var source = await b.PromoteAsync(epoch: 1);
        await c.FollowAsync(b, source);
        var tenure = await a.OpenAsync(epoch: 1);
        await b.FollowAsync(a, tenure);
        Assert.Empty((await b.SeenAsync()).Admits);
        await RefusedByAsync(b, source);
        Assert.False((await c.SeenAsync()).IsLinkUp);
        Assert.Equal(source, (await c.SeenAsync()).Follows);
    }

    [Fact]
    public async Task Commands_for_a_process_that_is_another_change_nothing()
    {
        await using var redis = await ClosedRedis.StartAsync();
        var before = await redis.TenureAsync(epoch: 1);
        await redis.Server.Kill9Async();
        await redis.Server.StartAgainAsync();
        var until = ClosedRedis.In(TimeSpan.FromHours(1));
        await OpenTests.RefusedAsync(() => redis.Control.FollowAsync(redis.Member, before, default));
        await OpenTests.RefusedAsync(() => redis.Control.PromoteAsync(before, default));
        await OpenTests.RefusedAsync(() => redis.Control.OpenAsync(before, until, default));
        await OpenTests.RefusedAsync(() => redis.Control.ExtendAsync(before, until, default));
        var sight = await redis.SeenAsync();
        Assert.True(sight is { IsMaster: false, Follows: null, AdmitsClients: false, Record: null });
        Assert.Empty(sight.Admits);
        Assert.NotEqual(before.RunId, sight.RunId);
    }

    [Fact]
    public async Task Change_that_was_broken_off_before_the_address_was_set_leaves_a_replica_of_nobody()
    {
        await using var redis = await ClosedRedis.StartAsync();
        var other = new Tenure(new string('a', 40), 7);
        await redis.AskAsync("CONFIG", "SET", "masteruser", $"replica-7-{other.RunId}");
        Assert.Null((await redis.SeenAsync()).Follows);
        await redis.AskAsync("REPLICAOF", "127.0.0.1", $"{FreePort.Next()}");
        Assert.Equal(other, (await redis.SeenAsync()).Follows);
    }

    [Fact]
    public async Task Over_Tls_all_is_as_without()
    {
        using var certificates = new TestCertificates();
        await using var master = await ClosedRedis.StartAsync(certificates: certificates);
        await using var replica = await ClosedRedis.StartAsync(certificates: certificates);
        var tenure = await master.OpenAsync(epoch: 1);
        Assert.Equal("OK", await master.CommitAsync(tenure, "kept"));
        await replica.FollowAsync(master, tenure);
        await replica.HasAsync("kept");
        await master.Control.CloseAsync(default);
        Assert.False((await master.SeenAsync()).AdmitsClients);
    }

    /// <summary>The master has refused the log-in of a replica that wants this process.</summary>
    private static async Task RefusedByAsync(ClosedRedis master, Tenure tenure)
    {
        await master.AskAsync("ACL", "LOG", "RESET");
        await Condition.HoldsAsync(
            async () =>
                (await master.AskAsync("ACL", "LOG")).Contains(
                    $"replica-{tenure.Epoch}-{tenure.RunId}",
                    StringComparison.Ordinal
                ),
            "the master has refused a log-in"
        );
    }
}
