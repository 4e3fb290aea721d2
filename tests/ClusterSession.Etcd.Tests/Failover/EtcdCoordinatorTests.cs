using System.Text.Json.Nodes;
using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Etcd.Leases;
using ClusterSession.Failover.Tests;
using ClusterSession.Failover.Time;
using Xunit;

namespace ClusterSession.Etcd.Tests.Failover;

/// <summary>What the seam promises, over a real server, and what only etcd does.</summary>
public sealed class EtcdCoordinatorTests(EtcdFixture fixture) : CoordinatorConformance, IClassFixture<EtcdFixture>
{
    protected override Task<ICoordinatorSite> StartSiteAsync() =>
        Task.FromResult<ICoordinatorSite>(new EtcdSite(fixture.Server));

    [Fact]
    public async Task Holder_that_was_started_again_takes_its_lease_on_under_the_same_epoch()
    {
        await using var site = new EtcdSite(fixture.Server);
        var life = TimeSpan.FromSeconds(3);
        var granted = await CoordinatorSteps.AcquireAsync(site.Coordinators[0], "north", "a", life);
        var again = site.Add();
        var renewed = Assert.IsType<RenewResult.Renewed>(await again.RenewAsync("north", "a", granted.Epoch));
        Assert.True(renewed.CountedFrom > granted.CountedFrom);
        Assert.Equal(life, renewed.Ttl);

        var clock = again.Clock;
        var since = clock.GetTimestamp();
        await Condition.HoldsAsync(
            async () =>
            {
                Assert.IsType<RenewResult.Renewed>(await again.RenewAsync("north", "a", granted.Epoch));
                return clock.GetElapsedTime(since) > life * 1.5;
            },
            "the life of the first grant is over",
            TimeSpan.FromSeconds(60)
        );
    }

    [Fact]
    public async Task Lease_that_is_not_renewed_goes_to_another_after_its_holder_has_stopped()
    {
        await using var site = new EtcdSite(fixture.Server);
        var life = TimeSpan.FromSeconds(2);
        var first = await CoordinatorSteps.AcquireAsync(site.Coordinators[0], "north", "a", life);
        var renewed = Assert.IsType<RenewResult.Renewed>(
            await site.Coordinators[0].RenewAsync("north", "a", first.Epoch)
        );
        var second = await CoordinatorSteps.AcquireAsync(site.Coordinators[1], "north", "b", life);
        var clock = site.Coordinators[0].Clock;
        Assert.True(second.Epoch > first.Epoch);
        Assert.True(
            clock.GetElapsedTime(renewed.CountedFrom, clock.GetTimestamp()) >= life,
            "The lease was granted while its holder counted it as running."
        );
        Assert.IsType<RenewResult.Lost>(await site.Coordinators[0].RenewAsync("north", "a", first.Epoch));
    }

    [Fact]
    public async Task Lease_that_was_revoked_is_lost_and_free_at_once()
    {
        await using var site = new EtcdSite(fixture.Server);
        var first = await CoordinatorSteps.AcquireAsync(site.Coordinators[0], "north", "a", Ttl);
        await site.RevokeAsync(fixture.Server, "north");
        var state = await CoordinatorSteps.ReadAsync(site.Coordinators[1], "north");
        Assert.Equal(("a", first.Epoch, false), (state.LastHolder, state.Epoch, state.IsHeld));
        Assert.IsType<RenewResult.Lost>(await site.Coordinators[0].RenewAsync("north", "a", first.Epoch));
        Assert.IsType<WriteResult.Lost>(
            await site.Coordinators[0].WriteAsync(OperationId.New(), "north", 1, Document, first.Epoch)
        );
        var second = await CoordinatorSteps.AcquireAsync(site.Coordinators[1], "north", "b", Ttl);
        Assert.InRange(second.Epoch, first.Epoch + 1, long.MaxValue);
    }

    [Fact]
    public async Task Call_of_another_holder_or_of_an_earlier_grant_prolongs_no_lease()
    {
        await using var site = new EtcdSite(fixture.Server);
        var coordinator = site.Coordinators[0];
        var granted = await CoordinatorSteps.AcquireAsync(coordinator, "north", "a", ShortTtl);
        await Condition.HoldsAsync(
            async () =>
            {
                Assert.IsType<RenewResult.Lost>(await coordinator.RenewAsync("north", "b", granted.Epoch));
                Assert.IsType<RenewResult.Lost>(await coordinator.RenewAsync("north", "a", granted.Epoch - 1));
                return !(await CoordinatorSteps.ReadAsync(coordinator, "north")).IsHeld;
            },
            "the lease expires"
        );
    }

    [Fact]
    public async Task Of_many_who_take_a_free_lease_one_has_it()
    {
        await using var site = new EtcdSite(fixture.Server);
        var takers = Enumerable
            .Range(0, 9)
            .Select(i =>
                site.Coordinators[i % 3]
                    .AcquireAsync(OperationId.New(), "north", $"{i}", Ttl, CoordinationState.None, Document)
                    .AsTask()
            );
        var results = await Task.WhenAll(takers);
        var granted = Assert.Single(results.OfType<AcquireResult.Granted>());
        Assert.All(results.Where(result => result != granted), result =>
            Assert.True(result is AcquireResult.Held or AcquireResult.Conflict, $"{result}")
        );
        Assert.Equal(granted.Epoch, (await CoordinatorSteps.ReadAsync(site.Coordinators[0], "north")).Epoch);
    }

    [Fact]
    public async Task Epoch_grows_when_the_keys_were_removed()
    {
        await using var site = new EtcdSite(fixture.Server);
        var first = await CoordinatorSteps.AcquireAsync(site.Coordinators[0], "north", "a", Ttl);
        await fixture.Server.AskAsync(
            "kv/deleterange",
            new JsonObject { ["key"] = EtcdServer.Base64("/"), ["range_end"] = EtcdServer.Base64("0") }
        );
        Assert.IsType<RenewResult.Lost>(await site.Coordinators[0].RenewAsync("north", "a", first.Epoch));
        var second = await CoordinatorSteps.AcquireAsync(site.Coordinators[1], "north", "b", Ttl);
        Assert.InRange(second.Epoch, first.Epoch + 1, long.MaxValue);
    }

    [Fact]
    public async Task Entry_of_another_release_is_refused_with_the_remedy()
    {
        var path = $"/site-{Guid.NewGuid():N}";
        await fixture.Server.AskAsync(
            "kv/put",
            new JsonObject
            {
                ["key"] = EtcdServer.Base64($"{path}/cluster-north"),
                ["value"] = EtcdServer.Base64("another's"),
            }
        );
        await using var coordinator = new EtcdCoordinator(
            EtcdSite.Options(fixture.Server.Endpoint + path),
            BoottimeClock.Instance
        );
        var error = await Assert.ThrowsAsync<InvalidDataException>(async () => await coordinator.ReadAsync("north"));
        Assert.Contains("a path in Coordinator that nobody else uses", error.Message, StringComparison.Ordinal);
    }
}
