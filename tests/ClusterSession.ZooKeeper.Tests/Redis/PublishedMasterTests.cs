using ClusterSession.IntegrationTests.Redis.Topology;
using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Topology.Published;
using ClusterSession.TestKit.Faults;
using ClusterSession.TestKit.Logging;
using ClusterSession.Transport.Sockets;
using ClusterSession.ZooKeeper.Tests.Client;
using Xunit;

namespace ClusterSession.ZooKeeper.Tests.Redis;

/// <summary>
/// Nodes that find the master in ZooKeeper (<c>zookeeper=...</c>), over real servers.
/// </summary>
public sealed class PublishedMasterTests : IAsyncLifetime
{
    private const int Switches = 6;
    private ZooKeeperServer _zookeeper = null!;
    private PublishedSite _site = null!;

    public async ValueTask InitializeAsync()
    {
        _zookeeper = await ZooKeeperServer.StartAsync();
        _site = await PublishedSite.StartAsync(_zookeeper.Endpoint);
    }

    public async ValueTask DisposeAsync()
    {
        await _site.DisposeAsync();
        await _zookeeper.DisposeAsync();
    }

    [Fact]
    public async Task Writes_follow_the_published_master_and_none_that_was_acknowledged_is_lost()
    {
        await _site.RuleAsync(0);
        await using var store = await _site.StoreAsync();
        var counter = new SharedCounter(store, "counter");
        using var stop = new CancellationTokenSource();
        var writing = WriteAsync(counter, stop.Token);
        var master = 0;
        for (var i = 0; i < Switches; i++)
        {
            await _site.SwitchAsync(master, 1 - master);
            master = 1 - master;
            var goal = counter.Acknowledged + 20;
            await Condition.HoldsAsync(() => counter.Acknowledged >= goal, "writes go on");
        }

        await stop.CancelAsync();
        await writing;
        Assert.Equal($"{counter.Acknowledged}", await SharedCounter.StoredAsync(_site.Redis[master]));
    }

    [Fact]
    public async Task Master_that_was_replaced_is_left_though_it_answers_and_shows_its_lease()
    {
        await _site.RuleAsync(0);
        await using var store = await _site.StoreAsync();
        var counter = new SharedCounter(store, "counter");
        await counter.IncrementAsync();
        await _site.Redis[1].HasAllOfAsync(_site.Redis[0]);
        await _site.PartAsync(1);
        await _site.RuleAsync(1);
        await ReachedAsync(counter, 1);
        var left = await SharedCounter.StoredAsync(_site.Redis[0]);
        for (var i = 0; i < 20; i++)
        {
            await counter.IncrementAsync();
        }

        Assert.Equal(left, await SharedCounter.StoredAsync(_site.Redis[0]));
    }

    [Fact]
    public async Task Published_master_that_refuses_is_not_used_and_the_member_that_shows_its_lease_is()
    {
        var epoch = await _site.TakeLeaseAsync(0);
        await _site.PublishAsync(0, epoch);
        await using var store = await _site.StoreAsync();
        var counter = new SharedCounter(store, "counter");
        Assert.False(await counter.TryIncrementAsync());

        await _site.PartAsync(1);
        await _site.OpenAsync(1, await _site.TakeLeaseAsync(1)); // Published by nobody.
        await counter.IncrementAsync();
        Assert.Equal("1", await SharedCounter.StoredAsync(_site.Redis[1]));
        Assert.Equal("", await SharedCounter.StoredAsync(_site.Redis[0]));

        // What is published under the lower epoch, again, leads nobody back; its lease neither.
        await _site.OpenAsync(0, epoch);
        await _site.PublishAsync(0, epoch);
        for (var i = 0; i < 20; i++)
        {
            await counter.IncrementAsync();
        }

        Assert.Equal("", await SharedCounter.StoredAsync(_site.Redis[0]));
    }

    [Fact]
    public async Task No_request_fails_while_ZooKeeper_is_killed_and_comes_back_and_the_next_master_is_followed()
    {
        await _site.RuleAsync(0);
        using var logs = new CapturedLogs();
        await using var store = await _site.StoreAsync(logs: logs);
        var counter = new SharedCounter(store, "counter");
        await counter.IncrementAsync();
        Assert.Equal(0, logs.Count("DirectoryLost"));
        var refused = 0;
        var answered = 0;
        using var stop = new CancellationTokenSource();
        var requests = Task.Run(async () => // Beside the faults.
        {
            while (!stop.IsCancellationRequested)
            {
                _ = await counter.TryIncrementAsync() ? Interlocked.Increment(ref answered) : refused++;
            }
        });
        await _zookeeper.Process.Kill9Async();
        await Condition.HoldsAsync(() => logs.Count("DirectoryLost") > 0, "it is said that ZooKeeper is away");
        await MoreAsync(() => answered);
        Assert.Equal(0, logs.Count("DirectoryFound"));
        await ZooKeeperServer.StartAgainAsync([_zookeeper], _zookeeper);
        await Condition.HoldsAsync(() => logs.Count("DirectoryFound") > 0, "it is said that it is back");
        await MoreAsync(() => answered);
        await stop.CancelAsync();
        await requests;
        Assert.Equal(0, refused);

        await _site.Redis[1].HasAllOfAsync(_site.Redis[0]);
        await _site.PartAsync(1);
        await _site.RuleAsync(1); // The former master shows its lease as before: only the directory leads away from it.
        await ReachedAsync(counter, 1);
    }

    [Fact]
    public async Task Master_that_is_away_with_ZooKeeper_is_found_again_without_it()
    {
        await _site.RuleAsync(0);
        await using var store = await _site.StoreAsync();
        var counter = new SharedCounter(store, "counter");
        await counter.IncrementAsync();
        await _zookeeper.Process.Kill9Async();
        await _site.Redis[0].CommandAsync("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
        await counter.IncrementAsync();
        Assert.Equal($"{counter.Acknowledged}", await SharedCounter.StoredAsync(_site.Redis[0]));
    }

    [Fact]
    public async Task Node_that_starts_while_ZooKeeper_is_away_connects_once_it_is_back()
    {
        await _site.RuleAsync(0);
        await _zookeeper.Process.Kill9Async();
        await using var store = await _site.StoreAsync();
        var counter = new SharedCounter(store, "counter");
        Assert.False(await counter.TryIncrementAsync());
        await ZooKeeperServer.StartAgainAsync([_zookeeper], _zookeeper);
        await counter.IncrementAsync();
    }

    [Fact]
    public async Task Session_that_was_ended_by_force_is_followed_by_another_and_no_master_is_missed()
    {
        await _site.RuleAsync(0);
        var options = RedisOptions.Parse($"zookeeper={_site.Connection}");
        var directory = new ZooKeeperDirectory(options.ZooKeeper!, null, TimeProvider.System, new Random(5));
        await using var topology = Topology(options, directory);
        Assert.Equal(_site.Redis[0].Port, await PortAsync(topology));
        await _site.PartAsync(1);
        for (var i = 0; i < 3; i++)
        {
            var ended = directory.Client!;
            await Condition.HoldsAsync(
                async () =>
                {
                    await using var thief = new SilentSession(_zookeeper.Port);
                    await thief.CloseAsync(ended.Session.Greeting());
                    return ended.State == ZooKeeperState.Expired || ended != directory.Client;
                },
                "the session is ended",
                TimeSpan.FromSeconds(60)
            );
            var to = 1 - (i % 2);
            await _site.RuleAsync(to); // The other one shows its lease as before.
            await Condition.HoldsAsync(
                async () => await PortAsync(topology) == _site.Redis[to].Port,
                "the master is followed"
            );
            Assert.NotSame(ended, directory.Client);
        }
    }

    [Fact]
    public async Task Change_of_master_while_the_node_is_cut_off_from_ZooKeeper_is_followed_by_the_leases()
    {
        await _site.RuleAsync(0);
        await using var network = FaultProxy.Start(_zookeeper.Port);
        var path = _site.Connection[_site.Connection.IndexOf('/', StringComparison.Ordinal)..];
        await using var store = await _site.StoreAsync($"zookeeper=127.0.0.1:{network.Port}{path}");
        var counter = new SharedCounter(store, "counter");
        await counter.IncrementAsync();
        network.Cut();
        await _site.SwitchAsync(0, 1);
        await counter.IncrementAsync();
        Assert.Equal($"{counter.Acknowledged}", await SharedCounter.StoredAsync(_site.Redis[1]));
    }

    [Fact]
    public async Task Wrong_path_is_named_with_the_remedy()
    {
        await _site.RuleAsync(0);
        var refused = await RefusedAsync($"zookeeper={_zookeeper.Endpoint}/elsewhere");
        Assert.Equal(RedisConnectFailure.NotPublished, refused.Failure);
        Assert.Contains("no cluster of agents at /elsewhere", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Correct the path", refused.Message, StringComparison.Ordinal);

        refused = await RefusedAsync($"zookeeper={_site.Connection},zookeeperCluster=other");
        Assert.Contains("/cluster-other", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_several_clusters_one_must_be_named()
    {
        await _site.RuleAsync(0);
        await using (var client = ClientScope.Start(_site.Connection))
        {
            await client.CreateAsync("/cluster-other");
        }

        var refused = await RefusedAsync($"zookeeper={_site.Connection}");
        Assert.Contains("other, shop. Name one of them: zookeeperCluster", refused.Message, StringComparison.Ordinal);

        await using var store = await _site.StoreAsync($"zookeeper={_site.Connection},zookeeperCluster=shop");
        await new SharedCounter(store, "counter").IncrementAsync();
    }

    [Fact]
    public async Task Node_that_no_agent_has_written_is_refused()
    {
        await using (var client = ClientScope.Start(_site.Connection))
        {
            await client.Client.EnsureAsync("/");
            await client.CreateAsync("/cluster-shop");
        }

        var refused = await RefusedAsync($"zookeeper={_site.Connection}");
        Assert.Equal(ConnectFailure.Unsupported, refused.Failure);
        Assert.Contains("names no master", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_password_of_ZooKeeper_is_named_and_the_right_one_is_not_that_of_Redis()
    {
        await using var site = await PublishedSite.StartAsync(_zookeeper.Endpoint, "agents", "zk-secret");
        await site.RuleAsync(0);
        foreach (var credentials in new[] { "", ",zookeeperUser=agents,zookeeperPassword=zk-wrong" })
        {
            var refused = await RefusedAsync($"zookeeper={site.Connection}{credentials}");
            Assert.Equal(ConnectFailure.AccessDenied, refused.Failure);
            Assert.Contains("zookeeperPassword", refused.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("zk-wrong", refused.Message, StringComparison.Ordinal);
        }

        await using var store = await site.StoreAsync(
            $"zookeeper={site.Connection},zookeeperUser=agents,zookeeperPassword=zk-secret"
        );
        await new SharedCounter(store, "counter").IncrementAsync();
    }

    [Fact]
    public async Task Ensemble_is_asked_over_TLS_while_Redis_is_not()
    {
        using var certificates = new TestCertificates();
        await using var server = await ZooKeeperServer.StartAsync(
            new ZooKeeperServerOptions { Certificates = certificates }
        );
        await using var site = await PublishedSite.StartAsync(server.Endpoint);
        await site.RuleAsync(0);
        var secure = site.Connection.Replace(server.Endpoint, server.SecureEndpoint, StringComparison.Ordinal);
        await using var store = await site.StoreAsync(
            $"zookeeper={secure},zookeeperSsl=true,zookeeperSslCaFile={certificates.CaFile}"
        );
        await new SharedCounter(store, "counter").IncrementAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Connection_string_may_change_to_ZooKeeper_and_back_while_writes_go_on()
    {
        await _site.RuleAsync(0);
        var direct = $"{_site.Redis[0].Endpoint},fence=lease";
        await using var store = await _site.StoreAsync(direct);
        var counter = new SharedCounter(store, "counter");
        await counter.IncrementAsync();
        store.MoveTo(RedisOptions.Parse($"zookeeper={_site.Connection}"));
        await counter.IncrementAsync();
        await _site.SwitchAsync(0, 1);
        await counter.IncrementAsync(); // The former string would lead to a replica.
        Assert.Equal($"{counter.Acknowledged}", await SharedCounter.StoredAsync(_site.Redis[1]));

        await _site.SwitchAsync(1, 0);
        store.MoveTo(RedisOptions.Parse(direct));
        await counter.IncrementAsync();
        Assert.Equal($"{counter.Acknowledged}", await SharedCounter.StoredAsync(_site.Redis[0]));
    }

    private Task ReachedAsync(SharedCounter counter, int member) =>
        Condition.HoldsAsync(
            async () =>
                await counter.TryIncrementAsync()
                && await SharedCounter.StoredAsync(_site.Redis[member]) == $"{counter.Acknowledged}",
            "writes reach the other one"
        );

    private static Task MoreAsync(Func<int> count)
    {
        var goal = count() + 200;
        return Condition.HoldsAsync(() => count() >= goal, "requests go on");
    }

    private static async Task WriteAsync(SharedCounter counter, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await counter.TryIncrementAsync();
        }
    }

    private static PublishedTopology Topology(RedisOptions options, IMasterDirectory directory)
    {
        var topology = new PublishedTopology(
            options,
            directory,
            TimeProvider.System,
            new Random(1),
            null,
            null,
            "cs:1:lease"u8.ToArray()
        );
        topology.Start();
        return topology;
    }

    private static async Task<int> PortAsync(PublishedTopology topology)
    {
        try
        {
            return (await topology.GetConnectionAsync(default, default)).Endpoint.Port;
        }
        catch (ConnectException)
        {
            return 0;
        }
    }

    private static async Task<ConnectException> RefusedAsync(string connectionString)
    {
        var options = RedisOptions.Parse(connectionString);
        await using var topology = Topology(
            options,
            new ZooKeeperDirectory(options.ZooKeeper!, options.ZooKeeperCluster, TimeProvider.System, new Random(5))
        );
        return await Assert.ThrowsAsync<ConnectException>(async () =>
            await topology.GetConnectionAsync(default, default)
        );
    }
}
