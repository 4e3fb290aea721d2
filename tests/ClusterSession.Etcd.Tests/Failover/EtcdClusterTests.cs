using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Tests;
using Xunit;

namespace ClusterSession.Etcd.Tests.Failover;

/// <summary>Three servers, of which some die or hang.</summary>
public sealed class EtcdClusterTests : IAsyncLifetime
{
    private static readonly TimeSpan Ttl = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan ShortTtl = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly ReadOnlyMemory<byte> Document = "document"u8.ToArray();

    private EtcdServer[] _servers = [];

    public async ValueTask InitializeAsync() => _servers = await EtcdServer.StartClusterAsync(3);

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task Lease_outlives_the_leader_and_then_all_servers()
    {
        await using var site = new EtcdSite(_servers);
        var coordinator = site.Coordinators[0];
        var granted = await CoordinatorSteps.AcquireAsync(coordinator, "north", "a", Ttl);

        var leader = await EtcdServer.LeaderAsync(_servers);
        await leader.Process.Kill9Async();
        await RenewedAsync(coordinator, granted.Epoch);
        var state = await CoordinatorSteps.ReadAsync(site.Coordinators[1], "north");
        Assert.Equal(("a", granted.Epoch, true), (state.LastHolder, state.Epoch, state.IsHeld));
        await EtcdServer.StartAgainAsync(_servers, leader);

        foreach (var server in _servers)
        {
            await server.Process.Kill9Async();
        }

        var impatient = site.Impatient();
        Assert.IsType<ReadResult.Unreachable>(await impatient.ReadAsync("north"));
        Assert.IsType<RenewResult.Unknown>(await impatient.RenewAsync("north", "a", granted.Epoch));
        await EtcdServer.StartAgainAsync(_servers, _servers);
        await RenewedAsync(coordinator, granted.Epoch);
        Assert.Equal(granted.Epoch, (await CoordinatorSteps.ReadAsync(site.Coordinators[2], "north")).Epoch);
    }

    [Fact]
    public async Task Server_without_a_majority_is_unreachable_and_neither_grants_nor_renews()
    {
        await using var site = new EtcdSite(_servers);
        var granted = await CoordinatorSteps.AcquireAsync(site.Coordinators[0], "north", "a", Ttl);
        var follower = await FollowerAsync();
        foreach (var server in _servers.Where(server => server != follower))
        {
            server.Process.Stop();
        }

        var impatient = site.Impatient();
        Assert.IsType<ReadResult.Unreachable>(await impatient.ReadAsync("north"));
        Assert.IsType<RenewResult.Unknown>(await impatient.RenewAsync("north", "a", granted.Epoch));
        Assert.IsType<AcquireResult.Unknown>(
            await impatient.AcquireAsync(OperationId.New(), "south", "a", Ttl, CoordinationState.None, Document)
        );
    }

    /// <summary>When it goes on, it does not know yet that another one leads.</summary>
    [Fact]
    public async Task Leader_that_hung_prolongs_no_lease_that_went_to_another_holder_meanwhile()
    {
        await using var site = new EtcdSite(_servers);
        var granted = await CoordinatorSteps.AcquireAsync(site.Coordinators[0], "north", "a", ShortTtl);
        var old = await EtcdServer.LeaderAsync(_servers);
        var holder = site.Over(old);
        Assert.IsType<RenewResult.Renewed>(await holder.RenewAsync("north", "a", granted.Epoch));
        old.Process.Stop();

        // Asked while it hangs, and handled when it goes on.
        var renewing = holder.RenewAsync("north", "a", granted.Epoch).AsTask();
        var taker = site.Over([.. _servers.Where(server => server != old)]);
        var taken = await CoordinatorSteps.AcquireAsync(taker, "north", "b", Ttl);
        Assert.True(taken.Epoch > granted.Epoch);
        old.Process.Continue();
        Assert.IsNotType<RenewResult.Renewed>(await renewing);
        Assert.IsType<RenewResult.Lost>(await holder.RenewAsync("north", "a", granted.Epoch));
        Assert.IsType<RenewResult.Renewed>(await taker.RenewAsync("north", "b", taken.Epoch));
    }

    private static Task RenewedAsync(IFailoverCoordinator coordinator, long epoch) =>
        Condition.HoldsAsync(
            async () =>
            {
                var renewed = await coordinator.RenewAsync("north", "a", epoch);
                Assert.IsNotType<RenewResult.Lost>(renewed);
                return renewed is RenewResult.Renewed;
            },
            "the lease is renewed",
            Patience
        );

    private async Task<EtcdServer> FollowerAsync()
    {
        var leader = await EtcdServer.LeaderAsync(_servers);
        return _servers.First(server => server != leader);
    }
}
