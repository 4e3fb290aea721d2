using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Deciding;
using ClusterSession.TestKit.Time;
using Xunit;

namespace ClusterSession.Failover.Tests.Deciding;

/// <summary>What the holder counts.</summary>
public sealed class LeaseClockTests
{
    [Fact]
    public void Lease_that_was_granted_for_less_than_the_timings_say_counts_for_less()
    {
        var timings = new FailoverTimings { Ttl = TimeSpan.FromSeconds(10) };
        var time = new ManualTimeProvider();
        var count = new LeaseClock(timings, time);
        count.Granted(1, time.GetTimestamp(), TimeSpan.FromSeconds(3));
        Assert.InRange(count.LeaseLeft, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3));
        count.Granted(1, time.GetTimestamp(), TimeSpan.FromSeconds(30));
        Assert.InRange(count.LeaseLeft, TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(10));
        count.Granted(1, time.GetTimestamp(), TimeSpan.Zero);
        Assert.InRange(count.LeaseLeft, TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(10));
    }
}
