using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;
using Xunit;

namespace ClusterSession.Failover.Tests.Face;

/// <summary>What is logged of a cluster: changes, each once.</summary>
public sealed class AgentChangeLogTests
{
    [Fact]
    public async Task Change_is_logged_once_and_not_with_every_look()
    {
        await using var site = await RuledAsync();
        var before = site.Logs.All.Count;
        for (var i = 0; i < 10; i++)
        {
            await site.LookAgainAsync("a");
            await site.LookAgainAsync("b");
        }

        Assert.Equal(before, site.Logs.All.Count);
        Assert.Equal(1, site.Logs.Count("Opened"));
        Assert.Equal(1, site.Logs.Count("Follows"));
    }

    [Fact]
    public async Task Failover_is_logged_from_the_loss_to_the_open_master_and_the_old_one_closed()
    {
        await using var site = await RuledAsync();
        site.Redis["a"].IsDown = true;
        await site.UntilAsync(() => site.Face("b").Primary().Is, "b rules");
        Assert.Equal(2, site.Logs.Count("Opened"));
        Assert.Equal(2, site.Logs.Count("RedisUnreachable")); // Both agents see it.
        site.Redis["a"].IsDown = false;
        await site.UntilAsync(() => site.Logs.Count("Closed") == 1, "a is closed");
        await site.UntilAsync(() => site.Logs.Count("RedisReachable") == 2, "both see a again");
        Assert.True(site.Logs.Count("DataUnmerged") >= 1);
    }

    [Fact]
    public async Task Merge_that_had_to_leave_records_behind_says_so()
    {
        await using var site = await RuledAsync();
        site.Redis["a"].Merging = new MergeOutcome.Merged(
            new MemberMergeCounts(3, 3, 1, 10) { LeftOut = 2 },
            Confirmed: 1
        );
        site.Redis["b"].Behind = 10; // What only a has, b lacks.
        await site.LookAgainAsync("b");
        site.Redis["a"].IsDown = true;
        await site.UntilAsync(() => site.Face("b").Primary().Is, "b rules");
        site.Redis["a"].IsDown = false;
        await site.UntilAsync(() => site.Logs.Count("MergeEnded") == 1, "a was merged");
        Assert.Equal(1, site.Logs.Count("MergeLeftOut"));
    }

    [Fact]
    public async Task Unreachable_store_and_promises_are_logged_once_each()
    {
        await using var site = await RuledAsync();
        site.Store.IsDown = true;
        var lostAt = site.Time.GetTimestamp();
        await site.UntilAsync(
            () => site.Time.GetElapsedTime(lostAt) > 3 * site.Timings.Ttl,
            "three lives of the lease have passed"
        );
        Assert.Equal(2, site.Logs.Count("StoreUnreachable"));
        Assert.Equal(1, site.Logs.Count("PromisesAsked"));
        site.Store.IsDown = false;
        await site.UntilAsync(() => site.Logs.Count("StoreReachable") == 2, "both reach the store");
    }

    [Fact]
    public async Task Flapping_and_unmerged_data_alarm_once()
    {
        await using var site = await RuledAsync();
        var now = site.Time.GetUtcNow();
        await site.EditAsync(document =>
            document with
            {
                Maintenance = true,
                Ledger = [new UnmergedData(1, "b", "some-run", now)],
                Promotions = [new("b", now), new("b", now), new("b", now)],
            }
        );
        await site.LookAgainAsync("a");
        await site.LookAgainAsync("a");
        await site.LookAgainAsync("b");
        Assert.Equal(2, site.Logs.Count("Flaps"));
        Assert.Equal(2, site.Logs.Count("DataUnmerged"));
        await site.EditAsync(document => document with { Ledger = [] });
        await site.LookAgainAsync("a");
        await site.LookAgainAsync("b");
        Assert.Equal(2, site.Logs.Count("DataSettled"));
    }

    /// <summary>
    /// A reason that is new must get words of its own before an operator meets it.
    /// </summary>
    [Fact]
    public async Task Every_reason_is_a_sentence()
    {
        await using var site = await RuledAsync();
        var view = site.Agent("a").Look!.View;
        Assert.All(Enum.GetValues<Reason>(), reason =>
        {
            var sentence = DecisionSentences.Of(new Decision.Nothing(reason), view);
            Assert.Matches("^[A-Za-z].*[.]$", sentence);
            Assert.DoesNotContain(reason.ToString() + ".", sentence);
        });
    }

    private static async Task<FaceSite> RuledAsync()
    {
        var site = new FaceSite(null, "a", "b");
        await site.UntilAsync(
            () => site.Face("a").Primary().Is && site.Face("b").Replica(0).Is,
            "a rules, and b follows"
        );
        return site;
    }
}
