using ClusterSession.Redis;
using ClusterSession.Redis.Diagnostics;
using ClusterSession.TestKit.Logging;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ClusterSession.Tests.Redis.Diagnostics;

/// <summary>A password that crosses the network in plain is warned of.</summary>
public sealed class PlainPasswordsTests
{
    private readonly CapturedLogs _logs = new();

    [Theory]
    [InlineData("redis.example:6379,password=s3cret")]
    [InlineData("redis://u:s3cret@10.0.0.1:6379")]
    [InlineData("localhost:6379,redis.example:6379,password=s3cret")]
    [InlineData("sentinel.example,serviceName=m,sentinelPassword=s3cret")]
    [InlineData("sentinel.example,serviceName=m,ssl=true,sentinelSsl=false,sentinelPassword=s3cret")]
    public async Task Password_over_plain_TCP_to_another_machine_is_warned_of_once_without_being_shown(
        string connectionString
    )
    {
        await using (Store(connectionString)) { }

        var log = Assert.Single(_logs.All, log => log.Event.Name == "PasswordInPlain");
        Assert.Equal(LogLevel.Warning, log.Level);
        Assert.Contains("ssl=true", log.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", log.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("localhost:6379,password=s3cret")]
    [InlineData("127.0.0.2:6379,password=s3cret")]
    [InlineData("[::1]:6379,password=s3cret")]
    [InlineData("redis.localhost:6379,password=s3cret")]
    [InlineData("redis.example:6379")]
    [InlineData("redis.example:6380,ssl=true,password=s3cret")]
    [InlineData("sentinel.example,serviceName=m,ssl=true,sentinelPassword=s3cret")]
    public async Task Nothing_is_said_on_this_machine_with_TLS_and_without_a_password(string connectionString)
    {
        await using (Store(connectionString)) { }

        Assert.Equal(0, _logs.Count("PasswordInPlain"));
    }

    [Fact]
    public void Servers_that_are_found_later_are_looked_at()
    {
        var passwords = new PlainPasswords(_logs.CreateLogger("test"));
        passwords.Check(RedisOptions.Parse("localhost:6379,password=s3cret"));
        passwords.Check(new RedisEndpoint("127.0.0.1", 7000));
        Assert.Equal(0, _logs.Count("PasswordInPlain"));
        passwords.Check(new RedisEndpoint("10.0.0.7", 7000));
        passwords.Check(new RedisEndpoint("10.0.0.8", 7000));
        Assert.Equal(1, _logs.Count("PasswordInPlain"));
    }

    private RedisSessionStore Store(string connectionString) =>
        new(
            RedisOptions.Parse(connectionString),
            "cs",
            TimeSpan.FromSeconds(1),
            TimeProvider.System,
            new Random(7),
            new Logger<RedisSessionStore>(new LoggerFactory([_logs]))
        );
}
