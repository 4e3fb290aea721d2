using ClusterSession.Asking;
using Xunit;

namespace ClusterSession.Tests.Asking;

public sealed class LiveNodesTests
{
    private readonly Clock _time = new();

    [Fact]
    public void Node_is_a_member_for_three_seconds_after_it_was_heard_of()
    {
        var nodes = new LiveNodes(_time);
        Assert.True(nodes.Heard(1, LiveNodes.Protocol, isLeaving: false));
        _time.Pass(2);
        nodes.Tick();
        Assert.False(nodes.Heard(2, 0, isLeaving: true));
        Assert.Equal([1], nodes.Asked());
        _time.Pass(1.5);
        Assert.Empty(nodes.Asked());
        Assert.True(nodes.Heard(1, LiveNodes.Protocol, isLeaving: false));
    }

    [Fact]
    public void Node_that_was_not_running_is_drowsy_before_and_for_a_second_after_it_has_seen_that()
    {
        var nodes = Awake();
        Assert.False(nodes.IsDrowsy);
        _time.Pass(30);
        Assert.True(nodes.IsDrowsy); // An ask may be read before the timer has run.
        nodes.Tick();
        Assert.True(nodes.IsDrowsy);
        _time.Pass(1);
        nodes.Tick();
        Assert.False(nodes.IsDrowsy);
    }

    [Fact]
    public void Nothing_is_certain_until_all_can_have_been_heard_of_since_the_connection_or_a_gap()
    {
        var nodes = Awake();
        Assert.False(nodes.IsCertain); // Not connected yet.
        nodes.OnConnected();
        Assert.False(nodes.IsCertain);
        Run(nodes, seconds: 2);
        Assert.True(nodes.IsCertain);
        _time.Pass(5);
        nodes.Tick();
        Assert.False(nodes.IsCertain);
        Run(nodes, seconds: 2);
        Assert.True(nodes.IsCertain);
    }

    [Fact]
    public void Node_that_comes_again_may_have_what_nobody_had()
    {
        var nodes = Awake();
        nodes.Heard(1, LiveNodes.Protocol, isLeaving: false);
        _time.Pass(1);
        var since = _time.GetTimestamp();
        nodes.Heard(1, LiveNodes.Protocol, isLeaving: false);
        Assert.False(nodes.HaveGrownSince(since));
        _time.Pass(4);
        nodes.Heard(1, LiveNodes.Protocol, isLeaving: false);
        Assert.True(nodes.HaveGrownSince(since));
    }

    private LiveNodes Awake()
    {
        var nodes = new LiveNodes(_time);
        Run(nodes, seconds: 3);
        return nodes;
    }

    private void Run(LiveNodes nodes, int seconds)
    {
        for (var i = 0; i < seconds; i++)
        {
            _time.Pass(1);
            nodes.Tick();
        }
    }

    /// <summary>Time that passes without timers, as for a process that is not running.</summary>
    private sealed class Clock : TimeProvider
    {
        private long _now = 1_000_000;

        public override long TimestampFrequency => 1_000;

        public override long GetTimestamp() => _now;

        public void Pass(double seconds) => _now += (long)(seconds * TimestampFrequency);
    }
}
