using Xunit;

namespace ClusterSession.ZooKeeper.Tests.Client;

/// <summary>Three servers, of which some die.</summary>
public sealed class EnsembleTests : IAsyncLifetime
{
    private ZooKeeperServer[] _ensemble = [];

    private string[] Endpoints => [.. _ensemble.Select(server => server.Endpoint)];

    public async Task InitializeAsync() => _ensemble = await ZooKeeperServer.StartEnsembleAsync(3);

    public async Task DisposeAsync()
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

    private static Task AgainAsync(Func<Task<bool>> ask, string what) =>
        Condition.HoldsAsync(ask, what, TimeSpan.FromSeconds(60));

    private async Task<ZooKeeperServer> LeaderAsync()
    {
        foreach (var server in _ensemble)
        {
            if (await server.ModeAsync() == "leader")
            {
                return server;
            }
        }

        throw new InvalidOperationException("No server leads.");
    }
}
