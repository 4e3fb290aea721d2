using ClusterSession.Stores.Outage;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.Tests.Stores.Outage;

public sealed class PartitionLanesTests
{
    private readonly PartitionLanes _lanes = new();
    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _runs;

    [Fact]
    public async Task Work_that_waits_holds_up_its_own_partition_only()
    {
        _lanes.RunOrQueue(0, () => _gate.Task);
        _lanes.RunIfIdle(0, CountAsync);
        _lanes.RunIfIdle(7, CountAsync);
        await Condition.HoldsAsync(() => _runs == 1, "that of the other partition has run");

        _gate.SetResult();
        await _lanes.WhenIdleAsync();
        Assert.Equal(1, _runs);
    }

    [Fact]
    public async Task Of_what_comes_meanwhile_the_last_is_run_afterwards()
    {
        _lanes.RunOrQueue(0, () => _gate.Task);
        _lanes.RunOrQueue(0, static () => throw new InvalidOperationException("This one has been replaced."));
        _lanes.RunOrQueue(0, CountAsync);
        Assert.Equal(0, _runs);

        _gate.SetResult();
        await _lanes.WhenIdleAsync();
        Assert.Equal(1, _runs);
        _lanes.RunOrQueue(0, CountAsync);
        await _lanes.WhenIdleAsync();
        Assert.Equal(2, _runs);
    }

    [Fact]
    public async Task Failure_is_thrown_to_the_caller_that_gives_the_next_work()
    {
        _lanes.RunOrQueue(0, static () => throw new InvalidOperationException("broken"));
        await Assert.ThrowsAsync<InvalidOperationException>(_lanes.WhenIdleAsync);
        Assert.Throws<AggregateException>(() => _lanes.RunOrQueue(0, CountAsync));
    }

    private Task CountAsync()
    {
        Interlocked.Increment(ref _runs);
        return Task.CompletedTask;
    }
}
