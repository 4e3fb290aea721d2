using ClusterSession.Cli.Verdicts;
using ClusterSession.Cli.Watching;
using Xunit;
using static ClusterSession.Cli.Tests.Watching.Sights;

namespace ClusterSession.Cli.Tests.Watching;

/// <summary>Who is the master, who follows, and who is one process with two names.</summary>
public sealed class SiteFactsTests
{
    private const string ByName = "redis-1:6379";

    [Fact]
    public void Replica_that_knows_its_master_by_another_name_follows_it()
    {
        var byName = Replica(B) with { Follows = ByName };
        var facts = FactsOf(Master(A), byName);
        Assert.True(facts.IsFollowing(byName));
        Assert.Equal(Health.Healthy, SiteVerdict.Of(facts).Health);
    }

    [Fact]
    public void Replica_that_knows_a_dead_master_by_another_name_does_not_follow_another_one()
    {
        var byName = Replica(B) with { Follows = ByName, IsLinkUp = false };
        Assert.False(FactsOf(Dead(A), byName).FollowsAnother(byName));
        // The others say which history that master had.
        Assert.False(FactsOf(Dead(A), byName, Replica(C)).FollowsAnother(byName));
        var strange = byName with { History = "another" };
        Assert.True(FactsOf(Dead(A), strange, Replica(C)).FollowsAnother(strange));
    }

    [Fact]
    public void Master_with_two_addresses_is_one()
    {
        var own = Master(ByName) with { RunId = "one" };
        Assert.Empty(FactsOf(Master(A) with { RunId = "one" }, own, Replica(B)).OtherMasters);
        Assert.Equal([own], FactsOf(Master(A) with { RunId = "two" }, own, Replica(B)).OtherMasters);
    }

    [Fact]
    public void Sentinel_that_is_named_twice_counts_once()
    {
        var once = Names(1, A) with { RunId = "one" };
        var facts = new SiteFacts(
            Of([once, once with { Address = "sentinel-1:26379" }, Silent(3)], [Master(A), Replica(B), Replica(C)])
        );
        Assert.Null(facts.Master);
        Assert.Equal("1 of 3 Sentinels responds, and a majority takes 2.", SentinelAlarms.NoMajority(facts));
    }

    [Fact]
    public void Majority_is_one_under_one_configuration()
    {
        // 10.0.0.11 was deposed and promoted again, and Sentinel 3 was cut off before that.
        var facts = new SiteFacts(Sights.All["two-configurations"]);
        Assert.Null(facts.Master);
        Assert.Equal($"They name {A} (epoch 6), {B} (epoch 5) and {A} (epoch 4).", SentinelAlarms.NoMajority(facts));
    }

    [Fact]
    public void Newer_configuration_of_one_Sentinel_is_not_called_older_than_that_of_the_majority()
    {
        var alarms = SiteVerdict.Of(new SiteFacts(Sights.All["newer-known-by-one"])).Alarms;
        Assert.Equal(SentinelAlarms.Newer, alarms[0].Name);
        Assert.DoesNotContain(alarms, alarm => alarm.Name is "sentinel-alone" or SiteAlarms.TwoMasters);
        Assert.Contains("the others take over what 10.0.0.21:26379 has", alarms[0].Remedy, StringComparison.Ordinal);
    }

    private static SiteFacts FactsOf(params ServerState[] redis) =>
        new(Of([Names(1, A), Names(2, A), Names(3, A)], redis));
}
