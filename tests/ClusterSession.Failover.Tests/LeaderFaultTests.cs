using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Leases;
using Xunit;

namespace ClusterSession.Failover.Tests;

/// <summary>Members as processes: the leader is killed, and frozen.</summary>
public sealed class LeaderFaultTests
{
    [Fact]
    public async Task After_kill_9_of_the_leader_another_is_granted_the_lease_and_nothing_is_lost()
    {
        await using var site = await ProcessSite.StartAsync();
        var leader = await site.LeaderAsync();
        var client = site.Client(leader + 1);
        var first = await CoordinatorSteps.AcquireAsync(client, "north", "a", CoordinationSite.ShortTtl);
        await site.KillAsync(leader);
        var second = await CoordinatorSteps.AcquireAsync(client, "north", "b", CoordinationSite.Ttl);
        Assert.Equal(first.Epoch + 1, second.Epoch);
        Assert.Equal(first.Version + 1, second.Version);

        await site.StartAsync(leader);
        await Condition.HoldsAsync(
            async () =>
                await site.StatusAsync(leader) is { IsVoter: true, AppliedIndex: > 0 } own
                && await site.StatusAsync(await site.LeaderAsync()) is { } leading
                && own.AppliedIndex == leading.AppliedIndex,
            "the killed member has everything again",
            CoordinationSite.Patience
        );
        Assert.IsType<RenewResult.Renewed>(await site.Client(leader).RenewAsync("north", "b", second.Epoch));
    }

    /// <summary>
    /// It does not know yet that it was deposed, and its own clock says that the lease runs.
    /// </summary>
    [Fact]
    public async Task Frozen_leader_never_renews_a_lease_that_another_has()
    {
        await using var site = await ProcessSite.StartAsync();
        for (var round = 0; round < 3; round++)
        {
            var leader = await site.LeaderAsync();
            var client = site.Client(leader + 1);
            var name = $"north {round}";
            await CoordinatorSteps.AcquireAsync(client, name, "a", CoordinationSite.ShortTtl);
            var renew = new Operation(OperationKind.Renew, default, name) { Holder = "a", Epoch = 1 };
            site.Freeze(leader);
            var second = await CoordinatorSteps.AcquireAsync(client, name, "b", CoordinationSite.Ttl);
            Assert.Equal(2, second.Epoch);

            // These wait in its sockets and are the first that it reads.
            var asked = Enumerable.Range(0, 8).Select(_ => site.AskAsync(leader, renew)).ToArray();
            site.Thaw(leader);
            Assert.All(await Task.WhenAll(asked), answer => Assert.NotEqual(AnswerKind.Done, answer.Kind));
            await Condition.HoldsAsync(
                async () =>
                {
                    Assert.NotEqual(AnswerKind.Done, (await site.AskAsync(leader, renew)).Kind);
                    return await site.StatusAsync(leader) is { IsLeading: false };
                },
                "the thawed member knows that it does not lead",
                CoordinationSite.Patience
            );
            Assert.IsType<RenewResult.Renewed>(await client.RenewAsync(name, "b", 2));
        }
    }
}
