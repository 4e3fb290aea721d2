using System.Net;
using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Leases;
using Xunit;

namespace ClusterSession.Failover.Tests;

/// <summary>
/// What the seam promises, over the three servers of a coordination store, and what only they do.
/// </summary>
public sealed class CoordinatorTests : CoordinatorConformance
{
    protected override async Task<ICoordinatorSite> StartSiteAsync() => await CoordinationSite.StartAsync();

    [Fact]
    public async Task Store_without_a_majority_is_unreachable_and_grants_nothing()
    {
        await using var site = await CoordinationSite.StartAsync();
        await CoordinatorSteps.AcquireAsync(site[0].Coordinator, "north", "a", CoordinationSite.Ttl);
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
        Assert.Equal(0, (await CoordinatorSteps.ReadAsync(coordinator, "south")).Epoch);
    }

    [Fact]
    public async Task Another_leader_gives_a_running_lease_its_full_ttl_anew()
    {
        await using var site = await CoordinationSite.StartAsync();
        var leader = await site.LeaderAsync();
        var other = site[(leader + 1) % 3].Coordinator;
        var granted = await CoordinatorSteps.AcquireAsync(other, "north", "a", CoordinationSite.Ttl);
        await site.StopAsync(leader);
        Assert.True((await CoordinatorSteps.ReadAsync(other, "north")).IsHeld);
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
        var granted = await CoordinatorSteps.AcquireAsync(
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
