using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Deciding;
using Xunit;

namespace ClusterSession.Failover.Tests.Agents;

/// <summary>What an agent promises.</summary>
public sealed class PromiseKeeperTests
{
    private static readonly FailoverRules Rules = new();

    [Fact]
    public void Promise_beyond_the_own_life_of_a_lease_is_refused_since_a_restarted_agent_waits_no_longer()
    {
        var keeper = new PromiseKeeper(Rules, TimeProvider.System);
        Assert.False(keeper.TryPromise(1, 0, Rules.Ttl + TimeSpan.FromMilliseconds(1)));
        Assert.Equal(TimeSpan.Zero, keeper.Left);
        Assert.True(keeper.TryPromise(1, 0, Rules.Ttl));
    }
}
