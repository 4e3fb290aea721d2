using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Etcd.Leases;
using ClusterSession.Failover.Tests;
using ClusterSession.Failover.Time;
using Xunit;

namespace ClusterSession.Etcd.Tests.Failover;

/// <summary>Users, passwords and certificates.</summary>
public sealed class EtcdAccessTests
{
    private const string Path = "/shop";
    private static readonly TimeSpan Ttl = TimeSpan.FromSeconds(8);

    [Fact]
    public async Task Agent_logs_in_again_when_the_servers_were_started_again()
    {
        await using var server = await EtcdServer.StartAsync();
        await server.RequireUserAsync("cluster-session", "right", Path);
        await using var coordinator = Coordinator(server, ",password=right");
        var granted = await CoordinatorSteps.AcquireAsync(coordinator, "north", "a", Ttl);
        Assert.IsType<RenewResult.Renewed>(await coordinator.RenewAsync("north", "a", granted.Epoch));

        await server.Process.Kill9Async();
        await EtcdServer.StartAgainAsync([server], server);
        Assert.IsType<RenewResult.Renewed>(await coordinator.RenewAsync("north", "a", granted.Epoch));
    }

    [Fact]
    public async Task Agent_without_the_right_credentials_learns_it_and_does_not_wait_for_ever()
    {
        await using var server = await EtcdServer.StartAsync();
        await IsRefusedAsync(server, ",password=early", "its authentication is off");
        await server.RequireUserAsync("cluster-session", "right", Path);
        await IsRefusedAsync(server, ",password=wrong", "user or password is wrong");
        await IsRefusedAsync(server, "", "it wants a user");
        await IsRefusedAsync(server, ",password=right", "Grant its role readwrite", "/elsewhere");
    }

    [Fact]
    public async Task Agent_and_server_show_each_other_their_certificates()
    {
        using var certificates = new TestCertificates();
        await using var server = await EtcdServer.StartAsync(new EtcdServerOptions { Certificates = certificates });
        var authority = $",sslCaFile={certificates.CaFile}";
        var own = $",sslCertFile={certificates.ServerCertFile},sslKeyFile={certificates.ServerKeyFile}";
        await using var coordinator = Coordinator(server, authority + own);
        await CoordinatorSteps.AcquireAsync(coordinator, "north", "a", Ttl);

        foreach (var missing in new[] { authority, own })
        {
            await using var stranger = new EtcdCoordinator(
                EtcdSite.Options(server.Endpoint + Path + missing) with
                {
                    OperationTimeout = TimeSpan.FromSeconds(2),
                },
                BoottimeClock.Instance
            );
            Assert.IsType<ReadResult.Unreachable>(await stranger.ReadAsync("north"));
        }
    }

    private static EtcdCoordinator Coordinator(EtcdServer server, string keys, string path = Path) =>
        new(EtcdSite.Options(server.Endpoint + path + keys), BoottimeClock.Instance);

    private static async Task IsRefusedAsync(EtcdServer server, string keys, string remedy, string path = Path)
    {
        await using var coordinator = Coordinator(server, keys, path);
        var error = await Assert.ThrowsAsync<InvalidDataException>(async () => await coordinator.ReadAsync("north"));
        Assert.Contains(remedy, error.Message, StringComparison.Ordinal);
        Assert.Contains(server.Endpoint, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong,", error.Message, StringComparison.Ordinal);
    }
}
