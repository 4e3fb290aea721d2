using ClusterSession.Redis.Topology;
using Xunit;

namespace ClusterSession.Tests.Redis.Topology;

public sealed class BackOffTests
{
    [Fact]
    public void Pauses_double_up_to_the_maximum_and_are_random_within_a_half()
    {
        const int Seed = 7;
        for (var run = 0; run < 200; run++)
        {
            var backOff = new BackOff(TimeSpan.FromMilliseconds(500), new Random(Seed + run));
            foreach (var ceiling in new[] { 20, 40, 80, 160, 320, 500, 500, 500 })
            {
                Assert.InRange(backOff.Next().TotalMilliseconds, ceiling / 2.0, ceiling);
            }

            backOff.Reset();
            Assert.InRange(backOff.Next().TotalMilliseconds, 10, 20);
        }
    }

    [Fact]
    public void Two_nodes_do_not_pause_alike() =>
        Assert.NotEqual(
            new BackOff(TimeSpan.FromSeconds(1), new Random(1)).Next(),
            new BackOff(TimeSpan.FromSeconds(1), new Random(2)).Next()
        );

    [Fact]
    public void A_thousand_failures_overflow_nothing()
    {
        var backOff = new BackOff(TimeSpan.FromSeconds(1), new Random(1));
        for (var i = 0; i < 1000; i++)
        {
            Assert.InRange(backOff.Next().TotalMilliseconds, 10, 1000);
        }
    }
}
