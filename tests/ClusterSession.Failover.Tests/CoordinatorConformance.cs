using System.Text;
using ClusterSession.Failover.Coordination;
using ClusterSession.Processes;
using Xunit;

namespace ClusterSession.Failover.Tests;

/// <summary>
/// What every <see cref="IFailoverCoordinator"/> is held to, seen through several of them over one
/// store. Epochs grow; by how much is the store's.
/// </summary>
public abstract class CoordinatorConformance
{
    /// <summary>So long that no test outlives it.</summary>
    protected static readonly TimeSpan Ttl = TimeSpan.FromSeconds(8);

    /// <summary>Short enough to be waited for.</summary>
    protected static readonly TimeSpan ShortTtl = TimeSpan.FromMilliseconds(500);

    protected static readonly ReadOnlyMemory<byte> Document = "document"u8.ToArray();

    /// <summary>An empty store, and three coordinators over it.</summary>
    protected abstract Task<ICoordinatorSite> StartSiteAsync();

    [Fact]
    public async Task Lease_and_document_are_had_through_every_member()
    {
        await using var site = await StartSiteAsync();
        var coordinators = site.Coordinators;
        var before = coordinators[0].Clock.GetTimestamp();
        var granted = Assert.IsType<AcquireResult.Granted>(
            await coordinators[0].AcquireAsync(OperationId.New(), "north", "a", Ttl, CoordinationState.None, Document)
        );
        var epoch = granted.Epoch;
        Assert.InRange(epoch, 1, long.MaxValue - 1);
        Assert.InRange(granted.CountedFrom, before, coordinators[0].Clock.GetTimestamp());
        foreach (var coordinator in coordinators)
        {
            var state = await CoordinatorSteps.ReadAsync(coordinator, "north");
            Assert.Equal(("a", epoch, true, 1), (state.LastHolder, state.Epoch, state.IsHeld, state.Version));
            Assert.Equal(Document.ToArray(), state.Document.ToArray());
            Assert.IsType<RenewResult.Renewed>(await coordinator.RenewAsync("north", "a", epoch));
            Assert.IsType<RenewResult.Lost>(await coordinator.RenewAsync("north", "b", epoch));
            Assert.IsType<RenewResult.Lost>(await coordinator.RenewAsync("north", "a", epoch + 1));
        }

        Assert.Equal(
            2,
            Assert
                .IsType<WriteResult.Written>(
                    await coordinators[1].WriteAsync(OperationId.New(), "north", 1, "next"u8.ToArray(), epoch)
                )
                .Version
        );
        Assert.IsType<WriteResult.Lost>(
            await coordinators[1].WriteAsync(OperationId.New(), "north", 2, Document, epoch + 1)
        );
        Assert.IsType<WriteResult.Conflict>(await coordinators[2].WriteAsync(OperationId.New(), "north", 1, Document));
        Assert.IsType<ReleaseResult.Lost>(await coordinators[2].ReleaseAsync(OperationId.New(), "north", "b", epoch));
        Assert.IsType<ReleaseResult.Conflict>(
            await coordinators[2]
                .ReleaseAsync(OperationId.New(), "north", "a", epoch, "late"u8.ToArray(), seenVersion: 1)
        );
        Assert.IsType<RenewResult.Renewed>(await coordinators[2].RenewAsync("north", "a", epoch));
        Assert.IsType<ReleaseResult.Released>(
            await coordinators[2]
                .ReleaseAsync(OperationId.New(), "north", "a", epoch, "last"u8.ToArray(), seenVersion: 2)
        );
        var last = await CoordinatorSteps.ReadAsync(coordinators[0], "north");
        Assert.Equal((null, epoch, false, 3), (last.LastHolder, last.Epoch, last.IsHeld, last.Version));
    }

    [Fact]
    public async Task Held_lease_is_refused_and_an_expired_one_is_never_renewed()
    {
        await using var site = await StartSiteAsync();
        var coordinator = site.Coordinators[0];
        var first = await CoordinatorSteps.AcquireAsync(coordinator, "north", "a", Ttl);
        var seen = await CoordinatorSteps.ReadAsync(coordinator, "north");
        foreach (var holder in new[] { "a", "b" })
        {
            var held = Assert.IsType<AcquireResult.Held>(
                await coordinator.AcquireAsync(OperationId.New(), "north", holder, Ttl, seen, Document)
            );
            Assert.Equal(first.Epoch, held.State.Epoch);
        }

        var second = await CoordinatorSteps.AcquireAsync(coordinator, "south", "a", ShortTtl);
        await Condition.HoldsAsync(
            async () => !(await CoordinatorSteps.ReadAsync(coordinator, "south")).IsHeld,
            "the lease expires"
        );
        Assert.IsType<RenewResult.Lost>(await coordinator.RenewAsync("south", "a", second.Epoch));
        Assert.IsType<ReleaseResult.Lost>(
            await coordinator.ReleaseAsync(OperationId.New(), "south", "a", second.Epoch)
        );
        Assert.IsType<WriteResult.Lost>(
            await coordinator.WriteAsync(OperationId.New(), "south", 1, Document, second.Epoch)
        );
    }

    [Fact]
    public async Task Repeat_under_the_same_id_is_answered_alike_and_takes_no_second_epoch()
    {
        await using var site = await StartSiteAsync();
        var id = OperationId.New();
        var epoch = 0L;
        for (var i = 0; i < site.Coordinators.Count; i++)
        {
            var granted = Assert.IsType<AcquireResult.Granted>(
                await site.Coordinators[i].AcquireAsync(id, "north", "a", Ttl, CoordinationState.None, Document)
            );
            epoch = epoch == 0 ? granted.Epoch : epoch;
            Assert.Equal((epoch, 1), (granted.Epoch, granted.Version));
        }

        var release = OperationId.New();
        Assert.IsType<ReleaseResult.Released>(await site.Coordinators[0].ReleaseAsync(release, "north", "a", epoch));
        Assert.IsType<ReleaseResult.Released>(await site.Coordinators[1].ReleaseAsync(release, "north", "a", epoch));
        Assert.IsType<AcquireResult.Conflict>(
            await site.Coordinators[2].AcquireAsync(id, "north", "a", Ttl, CoordinationState.None, Document)
        );
    }

    [Fact]
    public async Task Release_without_a_document_leaves_it_as_it_is()
    {
        await using var site = await StartSiteAsync();
        var coordinator = site.Coordinators[0];
        var epoch = (await CoordinatorSteps.AcquireAsync(coordinator, "north", "a", Ttl)).Epoch;
        Assert.IsType<ReleaseResult.Released>(await coordinator.ReleaseAsync(OperationId.New(), "north", "a", epoch));
        var state = await CoordinatorSteps.ReadAsync(coordinator, "north");
        Assert.Equal((null, epoch, 1), (state.LastHolder, state.Epoch, state.Version));
        Assert.Equal("a"u8, state.Document.Span);
    }

    [Fact]
    public async Task Two_clusters_under_two_names_do_not_touch_each_other()
    {
        await using var site = await StartSiteAsync();
        var coordinator = site.Coordinators[1];
        var first = await CoordinatorSteps.AcquireAsync(coordinator, "north", "a", Ttl);
        var south = await CoordinatorSteps.AcquireAsync(coordinator, "south", "b", Ttl);
        Assert.IsType<ReleaseResult.Released>(
            await coordinator.ReleaseAsync(OperationId.New(), "south", "b", south.Epoch)
        );
        var north = await CoordinatorSteps.ReadAsync(coordinator, "north");
        Assert.Equal(("a", true), (north.LastHolder, north.IsHeld));
        Assert.IsType<RenewResult.Renewed>(await coordinator.RenewAsync("north", "a", first.Epoch));
    }

    [Fact]
    public async Task Epochs_grow_from_grant_to_grant()
    {
        await using var site = await StartSiteAsync();
        var last = 0L;
        foreach (var (coordinator, i) in site.Coordinators.Select((one, i) => (one, i)))
        {
            var granted = await CoordinatorSteps.AcquireAsync(coordinator, "north", $"{i}", Ttl);
            Assert.InRange(granted.Epoch, last + 1, long.MaxValue);
            last = granted.Epoch;
            Assert.IsType<ReleaseResult.Released>(
                await coordinator.ReleaseAsync(OperationId.New(), "north", $"{i}", last)
            );
            Assert.Equal(last, (await CoordinatorSteps.ReadAsync(coordinator, "north")).Epoch);
        }
    }
}
