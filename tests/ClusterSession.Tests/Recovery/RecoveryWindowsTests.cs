using ClusterSession.Recovery;
using ClusterSession.TestKit.Time;
using Xunit;

namespace ClusterSession.Tests.Recovery;

public sealed class RecoveryWindowsTests
{
    private static readonly TimeSpan EndsLife = TimeSpan.FromMinutes(40);

    private readonly ManualTimeProvider _time = new();
    private readonly RecoveryWindows _windows;

    public RecoveryWindowsTests() => _windows = new RecoveryWindows(_time, EndsLife);

    [Fact]
    public void Window_closes_step_by_step()
    {
        _windows.Begin(2);
        Assert.Equal((true, true, true), Of(2));
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal((false, true, true), Of(2));
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal((false, false, true), Of(2));
        _time.Advance(EndsLife);
        Assert.Equal((false, false, false), Of(2));
    }

    [Fact]
    public void Keys_that_move_take_along_what_their_partition_may_have_lost()
    {
        _windows.Begin(1);
        var since = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromSeconds(10));
        _windows.Moved(from: 1, to: 4);
        _windows.Moved(from: 3, to: 4);

        Assert.Equal((false, true, true), Of(4));
        Assert.True(_windows.Of(4).HasBegunSince(since));
        Assert.False(_windows.Of(4).HasBegunSince(since + 1));
        Assert.Equal((false, false, false), Of(3));
    }

    [Fact]
    public void What_is_given_up_is_not_waited_for_and_stays_lost()
    {
        _windows.Begin(0);
        _windows.GiveUp(0);
        Assert.Equal((false, false, true), Of(0));
    }

    private (bool HasJustBegun, bool IsUnderWay, bool MayHaveLostEnds) Of(int partition) =>
        _windows.Of(partition) is var window ? (window.HasJustBegun, window.IsUnderWay, window.MayHaveLostEnds) : default;
}
