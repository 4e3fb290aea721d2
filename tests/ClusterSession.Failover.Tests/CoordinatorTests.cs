using System.Net;
using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Leases;
using Xunit;

namespace ClusterSession.Failover.Tests;

/// <summary>What the seam promises, over three members.</summary>
public sealed class CoordinatorTests
{
    private static readonly ReadOnlyMemory<byte> Document = "document"u8.ToArray();

    [Fact]
    public async Task Lease_and_document_are_had_through_every_member()
    {
        await using var site = await CoordinationSite.StartAsync();
        var coordinators = site.Running.Select(member => member.Coordinator).ToArray();
        var before = coordinators[0].Clock.GetTimestamp();
        var granted = Assert.IsType<AcquireResult.Granted>(
            await coordinators[0]
                .AcquireAsync(OperationId.New(), "north", "a", CoordinationSite.Ttl, CoordinationState.None, Document)
        );
        Assert.InRange(granted.CountedFrom, before, coordinators[0].Clock.GetTimestamp());
        foreach (var coordinator in coordinators)
        {
            var state = await CoordinationSite.ReadAsync(coordinator, "north");
            Assert.Equal(("a", 1, true, 1), (state.Holder, state.Epoch, state.IsHeld, state.Version));
            Assert.Equal(Document.ToArray(), state.Document.ToArray());
            Assert.IsType<RenewResult.Renewed>(await coordinator.RenewAsync("north", "a", 1));
            Assert.IsType<RenewResult.Lost>(await coordinator.RenewAsync("north", "b", 1));
            Assert.IsType<RenewResult.Lost>(await coordinator.RenewAsync("north", "a", 2));
        }

        Assert.Equal(
            2,
            Assert
                .IsType<WriteResult.Written>(
                    await coordinators[1].WriteAsync(OperationId.New(), "north", 1, "next"u8.ToArray(), epoch: 1)
                )
                .Version
        );
        Assert.IsType<WriteResult.Lost>(
            await coordinators[1].WriteAsync(OperationId.New(), "north", 2, Document, epoch: 2)
        );
        Assert.IsType<WriteResult.Conflict>(await coordinators[2].WriteAsync(OperationId.New(), "north", 1, Document));
        Assert.IsType<ReleaseResult.Lost>(await coordinators[2].ReleaseAsync(OperationId.New(), "north", "b", 1));
        Assert.IsType<ReleaseResult.Conflict>(
            await coordinators[2].ReleaseAsync(OperationId.New(), "north", "a", 1, "late"u8.ToArray(), seenVersion: 1)
        );
        Assert.IsType<RenewResult.Renewed>(await coordinators[2].RenewAsync("north", "a", 1));
        Assert.IsType<ReleaseResult.Released>(
            await coordinators[2].ReleaseAsync(OperationId.New(), "north", "a", 1, "last"u8.ToArray(), seenVersion: 2)
        );
        var last = await CoordinationSite.ReadAsync(coordinators[0], "north");
        Assert.Equal((null, 1, false, 3), (last.Holder, last.Epoch, last.IsHeld, last.Version));
    }

    [Fact]
    public async Task Held_lease_is_refused_and_an_expired_one_is_never_renewed()
    {
        await using var site = await CoordinationSite.StartAsync();
        var coordinator = site[0].Coordinator;
        var first = await CoordinationSite.AcquireAsync(coordinator, "north", "a", CoordinationSite.Ttl);
        var seen = await CoordinationSite.ReadAsync(coordinator, "north");
        foreach (var holder in new[] { "a", "b" })
        {
            var held = Assert.IsType<AcquireResult.Held>(
                await coordinator.AcquireAsync(OperationId.New(), "north", holder, CoordinationSite.Ttl, seen, Document)
            );
            Assert.Equal(first.Epoch, held.State.Epoch);
        }

        var second = await CoordinationSite.AcquireAsync(coordinator, "south", "a", CoordinationSite.ShortTtl);
        await Condition.HoldsAsync(
            async () => !(await CoordinationSite.ReadAsync(coordinator, "south")).IsHeld,
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
        await using var site = await CoordinationSite.StartAsync();
        var id = OperationId.New();
        for (var i = 0; i < site.Addresses.Length; i++)
        {
            var granted = Assert.IsType<AcquireResult.Granted>(
                await site[i]
                    .Coordinator.AcquireAsync(id, "north", "a", CoordinationSite.Ttl, CoordinationState.None, Document)
            );
            Assert.Equal((1, 1), (granted.Epoch, granted.Version));
        }

        var release = OperationId.New();
        Assert.IsType<ReleaseResult.Released>(await site[0].Coordinator.ReleaseAsync(release, "north", "a", 1));
        Assert.IsType<ReleaseResult.Released>(await site[1].Coordinator.ReleaseAsync(release, "north", "a", 1));
        Assert.IsType<AcquireResult.Conflict>(
            await site[2]
                .Coordinator.AcquireAsync(id, "north", "a", CoordinationSite.Ttl, CoordinationState.None, Document)
        );
    }

    [Fact]
    public async Task Release_without_a_document_leaves_it_as_it_is()
    {
        await using var site = await CoordinationSite.StartAsync();
        var coordinator = site[0].Coordinator;
        await CoordinationSite.AcquireAsync(coordinator, "north", "a", CoordinationSite.Ttl);
        Assert.IsType<ReleaseResult.Released>(await coordinator.ReleaseAsync(OperationId.New(), "north", "a", 1));
        var state = await CoordinationSite.ReadAsync(coordinator, "north");
        Assert.Equal((null, 1, 1), (state.Holder, state.Epoch, state.Version));
        Assert.Equal("a"u8, state.Document.Span);
    }

    [Fact]
    public async Task Two_clusters_under_two_names_do_not_touch_each_other()
    {
        await using var site = await CoordinationSite.StartAsync();
        var coordinator = site[1].Coordinator;
        await CoordinationSite.AcquireAsync(coordinator, "north", "a", CoordinationSite.Ttl);
        var south = await CoordinationSite.AcquireAsync(coordinator, "south", "b", CoordinationSite.Ttl);
        Assert.Equal(1, south.Epoch);
        Assert.IsType<ReleaseResult.Released>(await coordinator.ReleaseAsync(OperationId.New(), "south", "b", 1));
        var north = await CoordinationSite.ReadAsync(coordinator, "north");
        Assert.Equal(("a", true), (north.Holder, north.IsHeld));
        Assert.IsType<RenewResult.Renewed>(await coordinator.RenewAsync("north", "a", 1));
    }

    [Fact]
    public async Task Store_without_a_majority_is_unreachable_and_grants_nothing()
    {
        await using var site = await CoordinationSite.StartAsync();
        await CoordinationSite.AcquireAsync(site[0].Coordinator, "north", "a", CoordinationSite.Ttl);
        await site.StopAsync(1);
        await site.StopAsync(2);
        var coordinator = site[0].Coordinator;
        Assert.IsType<ReadResult.Unreachable>(await coordinator.ReadAsync("north"));
        Assert.IsType<RenewResult.Unknown>(await coordinator.RenewAsync("north", "a", 1));
        Assert.IsType<AcquireResult.Unknown>(
            await coordinator.AcquireAsync(
                OperationId.New(),
                "south",
                "a",
                CoordinationSite.Ttl,
                CoordinationState.None,
                Document
            )
        );
        await site.StartAsync(1);
        Assert.Equal(0, (await CoordinationSite.ReadAsync(coordinator, "south")).Epoch);
    }

    [Fact]
    public async Task Another_leader_gives_a_running_lease_its_full_ttl_anew()
    {
        await using var site = await CoordinationSite.StartAsync();
        var leader = await site.LeaderAsync();
        var other = site[(leader + 1) % 3].Coordinator;
        var granted = await CoordinationSite.AcquireAsync(other, "north", "a", CoordinationSite.Ttl);
        await site.StopAsync(leader);
        Assert.True((await CoordinationSite.ReadAsync(other, "north")).IsHeld);
        Assert.IsType<RenewResult.Renewed>(await other.RenewAsync("north", "a", granted.Epoch));
    }

    /// <summary>
    /// Anybody with the secret may send one; in the log it would stop every later leader.
    /// </summary>
    [Fact]
    public async Task Operation_out_of_range_is_refused_and_another_leader_still_begins()
    {
        await using var site = await CoordinationSite.StartAsync();
        var leader = await site.LeaderAsync();
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Add("X-ClusterSession-Secret", CoordinationSite.Secret);
        var acquire = new Operation(OperationKind.Acquire, OperationId.New(), "north")
        {
            Holder = "a",
            TtlMilliseconds = long.MaxValue,
            Document = Document,
        };
        using var content = new ReadOnlyMemoryContent(acquire.Encode());
        using var response = await client.PostAsync(
            new Uri(site.Addresses[leader], "/cluster-session/coordination"),
            content
        );
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        await site.StopAsync(leader);
        var granted = await CoordinationSite.AcquireAsync(
            site.Running.First().Coordinator,
            "north",
            "b",
            CoordinationSite.Ttl
        );
        Assert.Equal(1, granted.Epoch);
    }

    [Fact]
    public async Task Argument_out_of_its_range_is_an_exception_and_reaches_nobody()
    {
        await using var site = await CoordinationSite.StartAsync();
        var coordinator = site[0].Coordinator;
        ReadOnlyMemory<byte> large = new byte[32 * 1024 + 1];
        await Assert.ThrowsAsync<ArgumentException>(async () => await coordinator.ReadAsync(""));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () =>
            await coordinator.ReadAsync(new string('x', 101))
        );
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () =>
            await coordinator.WriteAsync(OperationId.New(), "north", 0, large)
        );
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () =>
            await coordinator.AcquireAsync(
                OperationId.New(),
                "north",
                "a",
                TimeSpan.Zero,
                CoordinationState.None,
                Document
            )
        );
        for (var i = 0; i < 32; i++)
        {
            Assert.IsType<WriteResult.Written>(await coordinator.WriteAsync(OperationId.New(), $"{i}", 0, Document));
        }

        await Assert.ThrowsAsync<InvalidOperationException>(async () =>
            await coordinator.WriteAsync(OperationId.New(), "one more", 0, Document)
        );
    }
}
