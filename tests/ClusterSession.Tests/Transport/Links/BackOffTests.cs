using ClusterSession.Redis.Topology;
using ClusterSession.Transport.Links;
using Xunit;

namespace ClusterSession.Tests.Transport.Links;

public sealed class BackOffTests
{
    [Fact]
    public void Pauses_grow_up_to_the_maximum_and_are_random_within_a_half()
    {
        const int Seed = 7;
        for (var run = 0; run < 200; run++)
        {
            var backOff = new BackOff(TimeSpan.FromMilliseconds(500), new Random(Seed + run));
            for (var n = 0; n < 30; n++)
            {
                var ceiling = Math.Min(500, 20 * Math.Pow(1.25, n));
                Assert.InRange(backOff.Next().TotalMilliseconds, (ceiling / 2) - 0.001, ceiling);
            }

            backOff.Reset();
            Assert.InRange(backOff.Next().TotalMilliseconds, 10, 20);
        }
    }

    [Fact]
    public void No_pause_is_longer_than_half_of_the_outage_so_far()
    {
        const double First = 20;
        for (var seed = 0; seed < 200; seed++)
        {
            var backOff = new BackOff(TimeSpan.FromSeconds(5), new Random(seed));
            for (var elapsed = 0.0; elapsed < 10_000; )
            {
                var pause = backOff.Next().TotalMilliseconds;
                Assert.InRange(pause, 0, First + (elapsed / 2));
                elapsed += pause;
            }
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
