using ClusterSession.Stores.Outage;
using ClusterSession.TestKit.Time;
using Xunit;

namespace ClusterSession.Tests.Stores.Outage;

/// <summary>Who opens and closes the circuit, where many operations end at once.</summary>
public sealed class CircuitBreakerTests
{
    private readonly CircuitBreaker _breaker = new(new OutageOptions { BreakAfter = 3 }, new ManualTimeProvider());

    [Fact]
    public async Task One_of_many_operations_that_end_at_once_opens_it_and_one_closes_it()
    {
        for (var round = 0; round < 200; round++)
        {
            Assert.Equal(1, await AtOnceAsync(_breaker.Failed));
            Assert.True(_breaker.IsOpen);
            Assert.Equal(1, await AtOnceAsync(_breaker.Answered));
            Assert.False(_breaker.IsOpen);
        }
    }

    /// <summary>How many of eight have changed it.</summary>
    private static async Task<int> AtOnceAsync(Func<bool> end)
    {
        using var start = new Barrier(8);
        var ends = Enumerable
            .Range(0, 8)
            .Select(_ =>
                Task.Factory.StartNew(
                    () =>
                    {
                        start.SignalAndWait();
                        return end();
                    },
                    TaskCreationOptions.LongRunning
                )
            );
        return (await Task.WhenAll(ends)).Count(hasChanged => hasChanged);
    }
}
