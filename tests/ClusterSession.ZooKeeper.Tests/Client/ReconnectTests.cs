using ClusterSession.TestKit.Faults;
using Xunit;

namespace ClusterSession.ZooKeeper.Tests.Client;

/// <summary>What lost connections and lost sessions do to a client.</summary>
public sealed class ReconnectTests(ZooKeeperFixture fixture) : IClassFixture<ZooKeeperFixture>
{
    private const int Events = 1000;

    [Fact]
    public async Task Session_goes_on_over_lost_connections_with_its_ephemeral_nodes()
    {
        await using var network = FaultProxy.Start(fixture.Server.Port);
        await using var scope = ClientScope.Start($"127.0.0.1:{network.Port}");
        await scope.CreateAsync("/kept", CreateMode.Ephemeral);
        var session = scope.Client.SessionId;
        network.ResetConnections();
        var read = await scope.Client.GetAsync("/kept");
        await Condition.HoldsAsync(
            async () => read.IsOk || (read = await scope.Client.GetAsync("/kept")).IsOk,
            "the client reads again"
        );
        Assert.Equal(session, read.Value?.Stat.Owner);
        Assert.Equal([ZooKeeperState.Connected, ZooKeeperState.Disconnected, ZooKeeperState.Connected], scope.States);
    }

    [Fact]
    public async Task Request_whose_reply_is_lost_is_unknown_and_one_that_never_left_is_not_sent()
    {
        await using var network = FaultProxy.Start(fixture.Server.Port);
        await using var scope = ClientScope.Start(
            options => options.OperationTimeout = TimeSpan.FromSeconds(2),
            $"127.0.0.1:{network.Port}"
        );
        await using var witness = ClientScope.Start(fixture.Server.Endpoint);
        await scope.StateAsync(ZooKeeperState.Connected);
        network.ToClient.Hold();
        var create = scope.Client.CreateAsync("/unknown", default).AsTask();
        await Condition.HoldsAsync(
            async () => (await witness.Client.ExistsAsync("/unknown")).IsOk,
            "the server has done it"
        );
        network.Cut();
        Assert.Equal(ZooKeeperCode.Unknown, (await create).Code);
        Assert.Equal(ZooKeeperCode.NotSent, (await scope.Client.CreateAsync("/never", default)).Code);
        network.Heal();
        await scope.StateAsync(ZooKeeperState.Connected);
        Assert.Equal(ZooKeeperCode.NoNode, (await scope.Client.ExistsAsync("/never")).Code);
    }

    [Fact]
    public async Task Session_that_was_ended_by_force_is_reported_once_and_never_replaced()
    {
        await using var scope = ClientScope.Start(fixture.Server.Endpoint);
        await using var witness = ClientScope.Start(fixture.Server.Endpoint);
        await scope.CreateAsync("/forced", CreateMode.Ephemeral);
        var watch = new NodeWatch();
        Assert.True((await scope.Client.GetAsync("/forced", watch)).IsOk);

        // The client takes its session from the thief where it is quicker.
        await Condition.HoldsAsync(
            async () =>
            {
                await using var thief = new SilentSession(fixture.Server.Port);
                await thief.CloseAsync(scope.Client.Session.Greeting());
                return scope.Client.State == ZooKeeperState.Expired;
            },
            "the session is ended"
        );
        Assert.Equal(ZooKeeperState.Expired, await scope.Client.Ended);
        Assert.Equal(ZooKeeperCode.SessionExpired, (await scope.Client.GetAsync("/forced")).Code);
        Assert.Equal(NodeEventKind.SessionEnded, (await watch.Fired).Kind);
        Assert.Equal(ZooKeeperCode.NoNode, (await witness.Client.ExistsAsync("/forced")).Code);
        Assert.Equal([ZooKeeperState.Disconnected, ZooKeeperState.Expired], scope.States.TakeLast(2));
        Assert.Single(scope.States, state => state == ZooKeeperState.Expired);
    }

    [Fact]
    public async Task Session_expires_where_the_client_is_cut_off_for_longer_than_its_life()
    {
        await using var network = FaultProxy.Start(fixture.Server.Port);
        await using var scope = ClientScope.Start(
            options => options.SessionTimeout = TimeSpan.FromSeconds(2),
            $"127.0.0.1:{network.Port}"
        );
        await using var witness = ClientScope.Start(fixture.Server.Endpoint);
        await scope.CreateAsync("/cut", CreateMode.Ephemeral);
        var gone = new NodeWatch();
        await witness.Client.ExistsAsync("/cut", gone);
        network.Blackhole();
        await scope.StateAsync(ZooKeeperState.Disconnected);
        Assert.Equal(NodeEventKind.Deleted, (await gone.Fired).Kind);
        Assert.Equal(ZooKeeperState.Disconnected, scope.Client.State);
        network.Heal(LateBytes.Reset);
        await scope.StateAsync(ZooKeeperState.Expired);
    }

    [Fact]
    public async Task Thousand_changes_under_reconnects_are_all_seen()
    {
        await using var network = FaultProxy.Start(fixture.Server.Port);
        await using var scope = ClientScope.Start($"127.0.0.1:{network.Port}");
        await using var writer = ClientScope.Start(fixture.Server.Endpoint);
        await writer.CreateAsync("/many");
        var made = await writer.Client.ChangeAsync(
            Enumerable.Range(0, Events).Select(i => new NodeChange.Create($"/many/{i}", default))
        );
        Assert.True(made.IsOk);
        var watches = Enumerable.Range(0, Events).Select(_ => new NodeWatch()).ToArray();
        foreach (var (watch, i) in watches.Select((watch, i) => (watch, i)))
        {
            // A third each: changed, deleted, a child made.
            var set =
                i % 3 == 2
                    ? (await scope.Client.GetChildrenAsync($"/many/{i}", watch)).Code
                    : (await scope.Client.GetAsync($"/many/{i}", watch)).Code;
            Assert.Equal(ZooKeeperCode.Ok, set);
        }

        using var stop = new CancellationTokenSource();
        var cuts = CutAsync(network, stop.Token);
        for (var i = 0; i < Events; i++)
        {
            var code = (i % 3) switch
            {
                0 => (await writer.Client.SetAsync($"/many/{i}", default)).Code,
                1 => await writer.Client.DeleteAsync($"/many/{i}"),
                _ => (await writer.Client.CreateAsync($"/many/{i}/child", default)).Code,
            };
            Assert.Equal(ZooKeeperCode.Ok, code);
        }

        await stop.CancelAsync();
        var count = await cuts;
        await Task.WhenAll(watches.Select(watch => watch.Fired)).WaitAsync(TimeSpan.FromSeconds(60));
        for (var i = 0; i < Events; i++)
        {
            NodeEventKind[] kinds = [NodeEventKind.DataChanged, NodeEventKind.Deleted, NodeEventKind.ChildrenChanged];
            Assert.Equal(new NodeEvent(kinds[i % 3], $"/many/{i}"), await watches[i].Fired);
        }

        Assert.True(count >= 3, $"The connection was cut {count} times only.");
        Assert.DoesNotContain(ZooKeeperState.Expired, scope.States);
    }

    [Fact]
    public async Task Reader_that_watches_again_after_each_event_never_misses_the_last_state()
    {
        await using var network = FaultProxy.Start(fixture.Server.Port);
        await using var scope = ClientScope.Start($"127.0.0.1:{network.Port}");
        await using var writer = ClientScope.Start(fixture.Server.Endpoint);
        await writer.CreateAsync("/chain");
        var follow = FollowAsync(scope.Client, Events);
        using var stop = new CancellationTokenSource();
        var cuts = CutAsync(network, stop.Token);
        for (var i = 0; i < Events; i++)
        {
            Assert.True((await writer.Client.SetAsync("/chain", BitConverter.GetBytes(i))).IsOk);
        }

        await stop.CancelAsync();
        await cuts;
        Assert.Equal(Events, await follow.WaitAsync(TimeSpan.FromSeconds(60)));
    }

    /// <summary>Reads whenever something has changed, until it sees that version.</summary>
    private static async Task<int> FollowAsync(ZooKeeperClient client, int version)
    {
        while (true)
        {
            var watch = new NodeWatch();
            var read = await client.GetAsync("/chain", watch);
            if (!read.IsOk)
            {
                continue; // Lost with its connection: it is read again.
            }

            if (read.Value.Stat.Version == version)
            {
                return version;
            }

            await watch.Fired;
        }
    }

    /// <summary>Cuts the connections again and again; how often.</summary>
    private static async Task<int> CutAsync(FaultProxy network, CancellationToken stop)
    {
        var count = 0;
        while (!stop.IsCancellationRequested || count == 0)
        {
            var seen = network.Counters.Accepted;
            network.ResetConnections();
            count++;
            await Condition.HoldsAsync(() => network.Counters.Accepted > seen, "the client connects again");
        }

        return count;
    }
}
