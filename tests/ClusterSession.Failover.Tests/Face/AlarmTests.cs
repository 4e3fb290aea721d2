using ClusterSession.Failover.Agents;
using Xunit;

namespace ClusterSession.Failover.Tests.Face;

public sealed class AlarmTests
{
    private readonly Alarm _alarm = new();

    [Fact]
    public async Task Pause_that_lasts_is_ended_by_a_ring()
    {
        var pause = _alarm.WaitAsync(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None);
        Assert.False(pause.IsCompleted);
        _alarm.Ring();
        await pause.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Ring_before_a_pause_ends_that_one_and_no_other()
    {
        _alarm.Ring();
        _alarm.Ring();
        await _alarm
            .WaitAsync(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None)
            .WaitAsync(TimeSpan.FromSeconds(20));
        var second = _alarm.WaitAsync(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None);
        Assert.False(second.IsCompleted);
        _alarm.Ring();
        await second.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Cancelled_pause_ends_without_an_exception()
    {
        using var cancellation = new CancellationTokenSource();
        var pause = _alarm.WaitAsync(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation.Token);
        await cancellation.CancelAsync();
        await pause.WaitAsync(TimeSpan.FromSeconds(20));
    }
}
