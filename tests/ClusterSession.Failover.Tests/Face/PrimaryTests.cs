using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Face;
using Xunit;

namespace ClusterSession.Failover.Tests.Face;

/// <summary>Who is named to balancers as primary or replica, and until when.</summary>
public sealed class PrimaryTests
{
    /// <summary>
    /// Deadlines that are long for this lease: a look is still fresh when the lease is over.
    /// </summary>
    private static readonly FailoverTimings Slow = new()
    {
        Deadline = TimeSpan.FromMilliseconds(1200),
        RecordLife = TimeSpan.FromSeconds(3),
    };

    [Fact]
    public async Task Agent_that_has_not_looked_is_neither_primary_nor_replica()
    {
        await using var site = new FaceSite();
        Assert.False(site.Face("a").Primary().Is);
        Assert.False(site.Face("a").Replica(null).Is);
        Assert.False(site.Face("a").IsAlive);
        Assert.False(site.Face("a").Health().IsHealthy);
        Assert.False(site.Face("a").Cluster(false, false).IsRuled);
        await site.UntilAsync(() => site.Face("a").Primary().Is, "a timings");
        Assert.True(site.Face("a").IsAlive);
    }

    [Fact]
    public async Task Open_master_is_primary_and_its_replica_is_not()
    {
        await using var site = new FaceSite(null, "a", "b");
        await RuledAsync(site);
        var (isPrimary, status) = site.Face("a").Primary();
        Assert.True(isPrimary);
        Assert.Equal((MemberRole.Master, 1L), (status.Role, status.Epoch));
        Assert.False(site.Face("b").Primary().Is);
        Assert.True(site.Face("b").Replica(null).Is);
        Assert.False(site.Face("a").Replica(null).Is);
        Assert.True(site.Face("a").ReadOnly().Is);
        Assert.True(site.Face("b").ReadOnly().Is);
    }

    [Fact]
    public async Task Standing_agent_is_no_primary_once_its_count_of_the_lease_is_over()
    {
        await using var site = new FaceSite(Slow);
        await site.UntilAsync(() => site.Face("a").Primary().Is, "a timings");
        await site.StopAsync();
        var left = site.Agent("a").LeaseNow.Left;
        site.Time.Advance(left - TimeSpan.FromMilliseconds(1));
        Assert.True(site.Face("a").Primary().Is);
        site.Time.Advance(TimeSpan.FromMilliseconds(1));
        var (isPrimary, status) = site.Face("a").Primary();
        Assert.False(isPrimary);
        Assert.Contains("not counted any more", status.Reason);
    }

    [Fact]
    public async Task Look_that_is_older_than_a_round_names_nobody_though_the_lease_runs_on()
    {
        await using var site = new FaceSite();
        await site.UntilAsync(() => site.Face("a").Primary().Is, "a timings");
        await site.UntilAsync(() => site.Agent("a").LeaseNow.Left > TimeSpan.FromSeconds(2), "the lease was renewed");
        await site.StopAsync();
        site.Time.Advance(site.Timings.Round + TimeSpan.FromMilliseconds(1));
        Assert.True(site.Agent("a").LeaseNow.Left > TimeSpan.Zero);
        Assert.False(site.Face("a").Primary().Is);
        Assert.Contains("has not looked", site.Face("a").Primary().Status.Reason);
        Assert.False(site.Face("a").ReadOnly().Is);
        Assert.False(site.Face("a").Health().IsHealthy);
        Assert.False(site.Face("a").Cluster(false, false).IsRuled);
    }

    [Fact]
    public async Task Promises_of_the_others_keep_the_primary_while_the_store_is_lost()
    {
        await using var site = new FaceSite(null, "a", "b");
        await RuledAsync(site);
        site.Store.IsDown = true;
        var lostAt = site.Time.GetTimestamp();
        await site.UntilAsync(
            () => site.Time.GetElapsedTime(lostAt) > 3 * site.Timings.Ttl,
            "three lives of the lease have passed"
        );
        await site.LookAgainAsync("a");
        Assert.True(site.Face("a").Primary().Is);
        Assert.False(site.Face("a").Health().IsHealthy);
        Assert.Equal("a", site.Face("a").Cluster(false, false).Status.Ruler);
    }

    [Fact]
    public async Task Closed_redis_is_no_primary()
    {
        await using var site = new FaceSite(null, "a", "b");
        await RuledAsync(site);
        site.Redis["a"].IsDown = true;
        await site.UntilAsync(() => site.Face("b").Primary().Is, "b timings");
        Assert.False(site.Face("a").Primary().Is);
        Assert.Equal(MemberRole.Unreachable, site.Face("a").Primary().Status.Role);
        site.Redis["a"].IsDown = false;
        await site.UntilAsync(() => !site.Redis["a"].Sight.AdmitsClients, "a is closed");
        await site.LookAgainAsync("a");
        Assert.False(site.Face("a").Primary().Is);
    }

    [Fact]
    public async Task Replica_that_lags_is_named_to_those_only_who_take_it()
    {
        await using var site = new FaceSite(null, "a", "b");
        await RuledAsync(site);
        site.Redis["b"].Behind = 50;
        await site.LookAgainAsync("b");
        Assert.True(site.Face("b").Replica(null).Is);
        Assert.True(site.Face("b").Replica(50).Is);
        Assert.False(site.Face("b").Replica(49).Is);
        Assert.Contains("50 bytes behind", site.Face("b").Replica(49).Status.Reason);
        site.Redis["a"].IsDown = true;
        await site.LookAgainAsync("b");
        Assert.False(site.Face("b").Replica(null).Is);
    }

    private static Task RuledAsync(FaceSite site) =>
        site.UntilAsync(() => site.Face("a").Primary().Is && site.Face("b").Replica(0).Is, "a timings, and b follows");
}
