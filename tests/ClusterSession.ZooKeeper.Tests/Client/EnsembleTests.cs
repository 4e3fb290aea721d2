using ClusterSession.TestKit.Faults;
using Xunit;

namespace ClusterSession.ZooKeeper.Tests.Client;

/// <summary>Three servers, of which some die.</summary>
public sealed class EnsembleTests : IAsyncLifetime
{
    private ZooKeeperServer[] _ensemble = [];

    private string[] Endpoints => [.. _ensemble.Select(server => server.Endpoint)];

    public async ValueTask InitializeAsync() => _ensemble = await ZooKeeperServer.StartEnsembleAsync(3);

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _ensemble)
        {
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task Session_outlives_its_leader_and_then_all_servers()
    {
        await using var scope = ClientScope.Start(Endpoints);
        await scope.CreateAsync("/kept", CreateMode.Ephemeral);
        var session = scope.Client.SessionId;

        var leader = await LeaderAsync();
        await leader.Process.Kill9Async();
        var watch = new NodeWatch();
        await AgainAsync(async () => (await scope.Client.GetAsync("/kept", watch)).IsOk, "reads without the leader");
        await AgainAsync(
            async () => (await scope.Client.SetAsync("/kept", "without the leader"u8.ToArray())).IsOk,
            "writes without the leader"
        );
        Assert.Equal(NodeEventKind.DataChanged, (await watch.Fired).Kind);
        await ZooKeeperServer.StartAgainAsync(_ensemble, leader);

        watch = new NodeWatch();
        await AgainAsync(async () => (await scope.Client.GetAsync("/kept", watch)).IsOk, "sets a watch");
        foreach (var server in _ensemble)
        {
            await server.Process.Kill9Async();
        }

        await scope.StateAsync(ZooKeeperState.Disconnected);
        await ZooKeeperServer.StartAgainAsync(_ensemble, _ensemble);
        await AgainAsync(
            async () => (await scope.Client.SetAsync("/kept", "all are back"u8.ToArray())).IsOk,
            "writes when all are back"
        );
        Assert.Equal(NodeEventKind.DataChanged, (await watch.Fired).Kind);
        Assert.Equal(session, (await scope.Client.ExistsAsync("/kept")).Value?.Owner);
        Assert.Equal(session, scope.Client.SessionId);
        Assert.DoesNotContain(ZooKeeperState.Expired, scope.States);
    }

    [Fact]
    public async Task Server_that_has_lost_its_leader_prolongs_no_lease()
    {
        var options = ZooKeeperOptions.Parse(string.Join(',', Endpoints));
        options.OperationTimeout = TimeSpan.FromSeconds(20);
        var opened = await LeaseSession.OpenAsync(
            options,
            20 * ZooKeeperServer.Tick,
            TimeProvider.System,
            new Random(1)
        );
        await using var lease = opened.Value!;
        Assert.Equal(ZooKeeperCode.Ok, await lease.ProlongAsync());
        var counted = lease.CountedFrom;

        // The others hang: one server goes on answering, and asks a leader that says nothing.
        var leader = await LeaderAsync();
        var follower = _ensemble.First(server => server != leader);
        foreach (var server in _ensemble.Where(server => server != follower))
        {
            server.Process.Stop();
        }

        Assert.Equal(ZooKeeperCode.NotSent, await lease.ProlongAsync());
        Assert.Equal(counted, lease.CountedFrom);
    }

    [Fact]
    public async Task Server_that_is_cut_off_answers_pings_while_the_session_expires_and_prolongs_no_lease()
    {
        // So patient that it is still answering when the session is over.
        var ensemble = await ZooKeeperServer.StartEnsembleAsync(3, new ZooKeeperServerOptions { SyncLimit = 100 });
        try
        {
            var leader = await LeaderAsync(ensemble);
            var follower = ensemble.First(server => server != leader);
            await using var network = FaultProxy.Start(leader.QuorumPort);
            follower.FollowThrough(network.Port, leader);
            await follower.Process.Kill9Async();
            await ZooKeeperServer.StartAgainAsync(ensemble, follower);
            Assert.Equal("follower", await follower.ModeAsync());

            await using var witness = ClientScope.Start(leader.Endpoint);
            await using var session = new SilentSession(follower.Port);
            await session.BeginAsync("/ephemeral", 5 * ZooKeeperServer.Tick);
            var options = ZooKeeperOptions.Parse(follower.Endpoint);
            await using var lease = (
                await LeaseSession.OpenAsync(options, 20 * ZooKeeperServer.Tick, TimeProvider.System, new Random(1))
            ).Value!;
            var counted = lease.CountedFrom;
            network.Blackhole();
            await AgainAsync(
                async () =>
                {
                    await session.PingAsync(); // Each is answered, or this fails.
                    return (await witness.Client.ExistsAsync("/ephemeral")).Code == ZooKeeperCode.NoNode;
                },
                "the leader has ended the session"
            );
            await session.PingAsync();
            Assert.Equal(ZooKeeperCode.NotSent, await lease.ProlongAsync());
            Assert.Equal(counted, lease.CountedFrom);
        }
        finally
        {
            foreach (var server in ensemble)
            {
                await server.DisposeAsync();
            }
        }
    }

    private static Task AgainAsync(Func<Task<bool>> ask, string what) =>
        Condition.HoldsAsync(ask, what, TimeSpan.FromSeconds(60));

    private Task<ZooKeeperServer> LeaderAsync() => LeaderAsync(_ensemble);

    private static async Task<ZooKeeperServer> LeaderAsync(ZooKeeperServer[] ensemble)
    {
        foreach (var server in ensemble)
        {
            if (await server.ModeAsync() == "leader")
            {
                return server;
            }
        }

        throw new InvalidOperationException("No server leads.");
    }
}
