using ClusterSession.Recovery;
using ClusterSession.TestKit.Time;
using Xunit;

namespace ClusterSession.Tests.Recovery;

public sealed class RecoveryWindowsTests
{
    private static readonly TimeSpan EndsLife = TimeSpan.FromMinutes(40);

    private readonly ManualTimeProvider _time = new();
    private readonly RecoveryWindows _windows;

    private long _endsReadAt = long.MinValue;

    public RecoveryWindowsTests() => _windows = new RecoveryWindows(_time, EndsLife, since => _endsReadAt >= since);

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
    public void Ends_are_not_lost_once_all_that_nodes_know_of_them_was_read_after_the_loss()
    {
        _endsReadAt = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromSeconds(1));
        _windows.Begin(2);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(_windows.Of(2).MayHaveLostEnds); // Read before it was lost.
        _windows.Begin(2);
        _endsReadAt = _time.GetTimestamp();
        Assert.True(_windows.Of(2).MayHaveLostEnds); // Other nodes may not be connected yet.
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.False(_windows.Of(2).MayHaveLostEnds);
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
        _windows.Of(partition) is var window
            ? (window.HasJustBegun, window.IsUnderWay, window.MayHaveLostEnds)
            : default;
}
