using ClusterSession.Asking;
using Xunit;

namespace ClusterSession.Tests.Asking;

public sealed class NodeMembersTests
{
    private readonly Clock _time = new();

    [Fact]
    public void Node_is_a_member_for_three_seconds_after_it_was_heard_of()
    {
        var members = new NodeMembers(_time);
        Assert.True(members.Heard(1, NodeMembers.Protocol, isLeaving: false));
        _time.Pass(2);
        members.Tick();
        Assert.False(members.Heard(2, 0, isLeaving: true));
        Assert.Equal([1], members.Asked());
        _time.Pass(1.5);
        Assert.Empty(members.Asked());
        Assert.True(members.Heard(1, NodeMembers.Protocol, isLeaving: false));
    }

    [Fact]
    public void Node_that_was_not_running_is_drowsy_before_and_for_a_second_after_it_has_seen_that()
    {
        var members = Awake();
        Assert.False(members.IsDrowsy);
        _time.Pass(30);
        Assert.True(members.IsDrowsy); // An ask may be read before the timer has run.
        members.Tick();
        Assert.True(members.IsDrowsy);
        _time.Pass(1);
        members.Tick();
        Assert.False(members.IsDrowsy);
    }

    [Fact]
    public void Nothing_is_certain_until_everybody_can_have_been_heard_of_since_the_connection_and_since_a_gap()
    {
        var members = Awake();
        Assert.False(members.IsCertain); // Not connected yet.
        members.OnConnected();
        Assert.False(members.IsCertain);
        Run(members, seconds: 2);
        Assert.True(members.IsCertain);
        _time.Pass(5);
        members.Tick();
        Assert.False(members.IsCertain);
        Run(members, seconds: 2);
        Assert.True(members.IsCertain);
    }

    [Fact]
    public void Node_that_comes_again_may_have_what_nobody_had()
    {
        var members = Awake();
        members.Heard(1, NodeMembers.Protocol, isLeaving: false);
        _time.Pass(1);
        var since = _time.GetTimestamp();
        members.Heard(1, NodeMembers.Protocol, isLeaving: false);
        Assert.False(members.HaveGrownSince(since));
        _time.Pass(4);
        members.Heard(1, NodeMembers.Protocol, isLeaving: false);
        Assert.True(members.HaveGrownSince(since));
    }

    private NodeMembers Awake()
    {
        var members = new NodeMembers(_time);
        Run(members, seconds: 3);
        return members;
    }

    private void Run(NodeMembers members, int seconds)
    {
        for (var i = 0; i < seconds; i++)
        {
            _time.Pass(1);
            members.Tick();
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
