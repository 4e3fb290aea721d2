using ClusterSession.Redis.Diagnostics;
using ClusterSession.Redis.Protocol;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Time;
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
}
