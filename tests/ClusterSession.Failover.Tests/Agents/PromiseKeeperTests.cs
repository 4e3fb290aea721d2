using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Deciding;
using Xunit;

namespace ClusterSession.Failover.Tests.Agents;

/// <summary>What an agent promises.</summary>
public sealed class PromiseKeeperTests
{
    private static readonly FailoverTimings Timings = new();

    [Fact]
    public void Promise_beyond_the_own_life_of_a_lease_is_refused_since_a_restarted_agent_waits_no_longer()
    {
        var keeper = new PromiseKeeper(Timings, TimeProvider.System);
        Assert.False(keeper.TryPromise(1, 0, Timings.Ttl + TimeSpan.FromMilliseconds(1)));
        Assert.Equal(TimeSpan.Zero, keeper.Left);
        Assert.True(keeper.TryPromise(1, 0, Timings.Ttl));
    }

    [Fact]
    public void Promise_ends_when_its_lease_was_released()
    {
        var keeper = new PromiseKeeper(Timings, TimeProvider.System);
        Assert.True(keeper.TryPromise(1, 0, Timings.Ttl));
        Assert.False(keeper.TryBeginToTakeLease());

        keeper.Saw(1, 0, isHolder: false, isReleased: true);

        Assert.Equal(TimeSpan.Zero, keeper.Left);
        Assert.False(keeper.TryPromise(1, 0, Timings.Ttl)); // A late question: it would bind for nothing.
        Assert.True(keeper.TryBeginToTakeLease());
    }

    [Fact]
    public void Promise_for_a_later_lease_outlives_the_release_of_an_earlier_one()
    {
        var keeper = new PromiseKeeper(Timings, TimeProvider.System);
        Assert.True(keeper.TryPromise(2, 0, Timings.Ttl));

        keeper.Saw(1, 0, isHolder: false, isReleased: true);

        Assert.False(keeper.TryBeginToTakeLease());
    }

    [Fact]
    public void Promise_outlives_a_lease_that_ran_out()
    {
        var keeper = new PromiseKeeper(Timings, TimeProvider.System);
        Assert.True(keeper.TryPromise(1, 0, Timings.Ttl));

        keeper.Saw(1, 0, isHolder: false, isReleased: false);

        Assert.False(keeper.TryBeginToTakeLease());
    }
}
