using ClusterSession.Redis;
using ClusterSession.Redis.Diagnostics;
using ClusterSession.Redis.Protocol;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Time;
using ClusterSession.Transport.Sockets;
using Xunit;

namespace ClusterSession.Tests.Redis.Diagnostics;

public sealed class RedisFailureLogTests
{
    private readonly CapturedLogs _logs = new();
    private readonly ManualTimeProvider _time = new();
    private readonly RedisFailureLog _log;

    public RedisFailureLogTests() => _log = new RedisFailureLog(_logs.CreateLogger("test"), _time);

    [Fact]
    public void Refusals_of_one_kind_are_one_line_and_then_one_in_ten_seconds_with_the_number_since()
    {
        var full = new RedisServerException(
            RedisErrorKind.OutOfMemory,
            "OOM command not allowed when used memory > 'maxmemory'."
        );
        for (var i = 0; i < 7; i++)
        {
            _log.Write(full);
        }

        _log.Write(
            new RedisServerException(RedisErrorKind.NoReplicas, "NOREPLICAS Not enough good replicas to write.")
        );
        Assert.Equal(2, _logs.Count("Refused"));
        Assert.DoesNotContain(_logs.All, log => log.Text.Contains("Happened", StringComparison.Ordinal));
        _time.Advance(TimeSpan.FromSeconds(11));
        _log.Write(full);
        Assert.Equal(3, _logs.Count("Refused"));
        Assert.Contains("Happened 7 times", _logs.All.Last().Text, StringComparison.Ordinal);
        Assert.Contains("Its last answer: OOM command not allowed", _logs.All.Last().Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Directory_that_comes_and_goes_is_one_line_in_ten_seconds_and_its_return_is_said_once()
    {
        var directory = new RedisEndpoint("zk1", 2181);
        var away = new ConnectException(ConnectFailure.Unreachable, "It is away.");
        _log.WriteFound();
        for (var i = 0; i < 3; i++)
        {
            _log.WriteLost(directory, away);
            _log.WriteFound();
        }

        Assert.Equal((1, 1), (_logs.Count("DirectoryLost"), _logs.Count("DirectoryFound")));
        _log.WriteLost(directory, new ConnectException(ConnectFailure.AccessDenied, "The password is wrong."));
        Assert.Equal(2, _logs.Count("DirectoryLost"));
        _time.Advance(TimeSpan.FromSeconds(11));
        _log.WriteLost(directory, away);
        _log.WriteFound();
        Assert.Equal((3, 2), (_logs.Count("DirectoryLost"), _logs.Count("DirectoryFound")));
    }
}
