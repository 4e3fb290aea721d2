using ClusterSession.TestKit.Time;
using ClusterSession.Transport.Diagnostics;
using ClusterSession.Transport.Options;
using ClusterSession.Transport.Sockets;
using Xunit;

namespace ClusterSession.Tests.Transport.Diagnostics;

public sealed class FailureLogTests
{
    private static readonly ServerAddress Server = new("server.example", 6379);
    private static readonly ServerAddress Other = new("other.example", 6379);

    private readonly ManualTimeProvider _time = new();
    private readonly FailureLog<string> _log;

    public FailureLogTests() => _log = new FailureLog<string>(_time);

    [Fact]
    public void Failure_is_due_once_in_ten_seconds_for_each_server()
    {
        Assert.True(_log.IsDue(Server, ConnectFailure.Unreachable));
        Assert.False(_log.IsDue(Server, ConnectFailure.Unreachable));
        Assert.True(_log.IsDue(Other, ConnectFailure.Unreachable));
        _time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.False(_log.IsDue(Server, ConnectFailure.Unreachable));
        _time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.True(_log.IsDue(Server, ConnectFailure.Unreachable));
    }

    [Fact]
    public void Another_reason_is_due_at_once_also_one_of_a_protocol()
    {
        Assert.True(_log.IsDue(Server, ConnectFailure.Unreachable));
        Assert.True(_log.IsDue(Server, new ConnectFailure("Expired")));
        Assert.False(_log.IsDue(Server, new ConnectFailure("Expired")));
        Assert.True(_log.IsDue(Server, ConnectFailure.Unreachable));
    }

    [Fact]
    public void Failure_after_a_connection_is_due_at_once()
    {
        Assert.True(_log.IsDue(Server, ConnectFailure.Unreachable));
        _log.Forget(Server);
        Assert.True(_log.IsDue(Server, ConnectFailure.Unreachable));
    }

    [Fact]
    public void Refusals_are_counted_by_kind_until_one_is_due()
    {
        Assert.Equal([1, 0, 0], Enumerable.Range(0, 3).Select(_ => _log.CountDue("full")));
        Assert.Equal(1, _log.CountDue("busy"));
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(3, _log.CountDue("full"));
    }
}
