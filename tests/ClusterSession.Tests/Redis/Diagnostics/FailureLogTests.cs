using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Diagnostics;
using ClusterSession.Redis.Protocol;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Time;
using Xunit;

namespace ClusterSession.Tests.Redis.Diagnostics;

public sealed class FailureLogTests
{
    private static readonly RedisEndpoint Server = new("redis.example", 6379);

    private readonly CapturedLogs _logs = new();
    private readonly ManualTimeProvider _time = new();
    private readonly FailureLog _log;

    public FailureLogTests() => _log = new FailureLog(_logs.CreateLogger("test"), _time);

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

    [Theory]
    [InlineData("No connection to redis.example:6379: Connection refused", "Connection refused.")]
    [InlineData(
        "The connection to redis.example:6379 was closed: another server has taken its place.",
        "Another server has taken its place."
    )]
    [InlineData(
        "redis.example:6379 was not ready within 3000 ms (ConnectTimeout).",
        "redis.example:6379 was not ready within 3000 ms (ConnectTimeout)."
    )]
    [InlineData("two\nlines", "Two lines.")]
    [InlineData("", "No reason is known.")]
    public void Reason_is_one_sentence_that_does_not_name_the_server_again(string message, string sentence) =>
        Assert.Equal(
            sentence,
            LogSentence.Of(Server, new RedisConnectException(RedisConnectFailure.Unreachable, message))
        );

    [Fact]
    public void Reason_names_the_cause_of_the_network_once()
    {
        var reset = new IOException("Connection reset by peer");
        Assert.Equal(
            "Receiving failed. Connection reset by peer.",
            LogSentence.Of(Server, new RedisConnectionException("Receiving failed.", sent: true, reset))
        );
        Assert.Equal(
            "Connection reset by peer.",
            LogSentence.Of(Server, new RedisConnectionException("Connection reset by peer", sent: true, reset))
        );
    }
}
