using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Tests;
using ClusterSession.Failover.Time;
using ClusterSession.Failover.ZooKeeper.Leases;
using ClusterSession.ZooKeeper.Tests.Client;
using Xunit;

namespace ClusterSession.ZooKeeper.Tests.Failover;

/// <summary>What the seam promises, over a real server, and what only ZooKeeper does.</summary>
public sealed class ZooKeeperCoordinatorTests(ZooKeeperFixture fixture)
    : CoordinatorConformance,
        IClassFixture<ZooKeeperFixture>
{
    protected override Task<ICoordinatorSite> StartSiteAsync() =>
        Task.FromResult<ICoordinatorSite>(new ZooKeeperSite(fixture.Server.Endpoint));

    [Fact]
    public async Task Holder_that_was_started_again_takes_its_lease_on_under_the_same_epoch()
    {
        await using var site = new ZooKeeperSite(fixture.Server.Endpoint);
        var life = TimeSpan.FromSeconds(3);
        var granted = await CoordinatorSteps.AcquireAsync(site.Coordinators[0], "north", "a", life);
        var again = site.Add();
        var renewed = Assert.IsType<RenewResult.Renewed>(await again.RenewAsync("north", "a", granted.Epoch));
        Assert.True(renewed.CountedFrom > granted.CountedFrom);
        Assert.Equal(life, renewed.Ttl);

        // The first session runs out; the lease is not its own any more.
        var clock = again.Clock;
        var since = clock.GetTimestamp();
        await Condition.HoldsAsync(
            async () =>
            {
                Assert.IsType<RenewResult.Renewed>(await again.RenewAsync("north", "a", granted.Epoch));
                return clock.GetElapsedTime(since) > life * 1.5;
            },
            "the life of the first session is over",
            TimeSpan.FromSeconds(60)
        );
    }

    [Fact]
    public async Task Lease_that_is_not_renewed_goes_to_another_after_its_holder_has_stopped()
    {
        await using var site = new ZooKeeperSite(fixture.Server.Endpoint);
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
    public async Task Lease_that_is_longer_than_the_server_lets_a_session_live_is_refused_with_the_remedy()
    {
        await using var site = new ZooKeeperSite(fixture.Server.Endpoint);
        var error = await Assert.ThrowsAsync<InvalidOperationException>(async () =>
            await site.Coordinators[0]
                .AcquireAsync(
                    OperationId.New(),
                    "north",
                    "a",
                    TimeSpan.FromMinutes(1),
                    CoordinationState.None,
                    Document
                )
        );
        Assert.Contains("maxSessionTimeout", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, (await CoordinatorSteps.ReadAsync(site.Coordinators[0], "north")).Epoch);
    }

    [Fact]
    public async Task Agent_with_another_password_learns_it_and_does_not_wait_for_ever()
    {
        var place = $"{fixture.Server.Endpoint}/site-{Guid.NewGuid():N}";
        await using var right = Coordinator($"{place},password=right");
        await CoordinatorSteps.AcquireAsync(right, "north", "a", Ttl);
        await using var wrong = Coordinator($"{place},password=wrong");
        var error = await Assert.ThrowsAsync<InvalidDataException>(async () => await wrong.ReadAsync("north"));
        Assert.Contains("made under another user or password", error.Message, StringComparison.Ordinal);

        static ZooKeeperCoordinator Coordinator(string text)
        {
            var options = ZooKeeperOptions.Parse(text);
            options.OperationTimeout = TimeSpan.FromSeconds(20);
            return new ZooKeeperCoordinator(options, BoottimeClock.Instance, new Random());
        }
    }

    [Fact]
    public async Task Of_many_who_take_a_free_lease_one_has_it()
    {
        await using var site = new ZooKeeperSite(fixture.Server.Endpoint);
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
}
