using ClusterSession.Failover.Agents;
using Xunit;

namespace ClusterSession.Failover.Tests.Face;

public sealed class WakeablePauseTests
{
    private readonly WakeablePause _pause = new();

    [Fact]
    public async Task Pause_that_lasts_is_ended_by_a_wake_up()
    {
        var pause = _pause.WaitAsync(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None);
        Assert.False(pause.IsCompleted);
        _pause.Wake();
        await pause.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Wake_up_before_a_pause_ends_that_one_and_no_other()
    {
        _pause.Wake();
        _pause.Wake();
        await _pause
            .WaitAsync(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None)
            .WaitAsync(TimeSpan.FromSeconds(20));
        var second = _pause.WaitAsync(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None);
        Assert.False(second.IsCompleted);
        _pause.Wake();
        await second.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Cancelled_pause_ends_without_an_exception()
    {
        using var cancellation = new CancellationTokenSource();
        var pause = _pause.WaitAsync(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation.Token);
        await cancellation.CancelAsync();
        await pause.WaitAsync(TimeSpan.FromSeconds(20));
    }
}
