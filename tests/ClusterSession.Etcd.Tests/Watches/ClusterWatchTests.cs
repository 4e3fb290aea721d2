using System.Globalization;
using System.Text.Json.Nodes;
using ClusterSession.Etcd.Tests.Failover;
using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Etcd.Client;
using ClusterSession.Failover.Etcd.Keys;
using ClusterSession.Failover.Etcd.Watches;
using Xunit;

namespace ClusterSession.Etcd.Tests.Watches;

/// <summary>Changes that are followed while servers die and history is compacted.</summary>
public sealed class ClusterWatchTests
{
    private const int Changes = 1000;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Each_of_a_thousand_changes_is_seen_once_and_in_order_while_servers_are_killed()
    {
        var servers = await EtcdServer.StartClusterAsync(3);
        try
        {
            await using var site = new EtcdSite(servers);
            await using var client = new EtcdClient(site.Options());
            using var patience = new CancellationTokenSource(Patience);
            var writing = WriteAsync(site.Coordinators[0], from: 0, Changes, patience.Token);
            var next = 0L;
            await foreach (var state in new ClusterWatch(client, site.Keys("north")).FollowAsync(patience.Token))
            {
                // The first one is what was there when the watch began.
                Assert.True(next == 0 || state.Version == next, $"{state.Version} came in the place of {next}.");
                next = state.Version + 1;
                if (state.Version % (Changes / 4) == Changes / 8)
                {
                    var victim = servers[state.Version / (Changes / 4) % 3];
                    await victim.Process.Kill9Async();
                    await EtcdServer.StartAgainAsync(servers, victim);
                }

                if (state.Version == Changes)
                {
                    break;
                }
            }

            await writing;
        }
        finally
        {
            foreach (var server in servers)
            {
                await server.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task Last_state_is_seen_though_the_changes_before_it_were_compacted_while_nobody_watched()
    {
        await using var server = await EtcdServer.StartAsync();
        await using var site = new EtcdSite(server);
        await using var client = new EtcdClient(site.Options());
        using var patience = new CancellationTokenSource(Patience);
        await WriteAsync(site.Coordinators[0], from: 0, 1, patience.Token);
        await using var states = new ClusterWatch(client, site.Keys("north"))
            .FollowAsync(patience.Token)
            .GetAsyncEnumerator(patience.Token);
        Assert.True(await states.MoveNextAsync());
        Assert.Equal(1, states.Current.Version);
        await WriteAsync(site.Coordinators[0], from: 1, 2, patience.Token);
        Assert.True(await states.MoveNextAsync());
        Assert.Equal(2, states.Current.Version);

        await server.Process.Kill9Async();
        await EtcdServer.StartAgainAsync([server], server);
        await WriteAsync(site.Coordinators[0], from: 2, 20, patience.Token);
        var status = await server.AskAsync("kv/range", new JsonObject { ["key"] = EtcdServer.Base64("any") });
        var revision = (string)status["header"]!["revision"]!;
        await server.AskAsync("kv/compaction", new JsonObject { ["revision"] = revision });
        Assert.True(await states.MoveNextAsync());
        Assert.Equal(20, states.Current.Version);
    }

    private static async Task WriteAsync(IFailoverCoordinator coordinator, long from, long to, CancellationToken token)
    {
        for (var version = from; version < to; )
        {
            var document = System.Text.Encoding.UTF8.GetBytes(version.ToString(CultureInfo.InvariantCulture));
            var id = OperationId.New();
            WriteResult result;
            do
            {
                result = await coordinator.WriteAsync(id, "north", version, document, cancellationToken: token);
            } while (result is WriteResult.Unknown);

            version = Assert.IsType<WriteResult.Written>(result).Version;
        }
    }
}
