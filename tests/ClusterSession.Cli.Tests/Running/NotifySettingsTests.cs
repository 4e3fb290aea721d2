using ClusterSession.Cli.Shell;
using Xunit;

namespace ClusterSession.Cli.Tests.Running;

/// <summary>What the notify command says of settings that it cannot use.</summary>
public sealed class NotifySettingsTests
{
    private const string Right = """
        { "ClusterSession": { "Failover": {
          "Name": "redis-0", "Secret": "the-secret-of-this-site", "RedisPassword": "own", "KeyPrefix": "shop",
          "Members": [ { "Name": "redis-0", "Redis": "127.0.0.1:1" }, { "Name": "redis-1", "Redis": "127.0.0.1:2" } ],
          "Directory": "/nowhere"
        } } }
        """;

    [Theory]
    [InlineData("\"Name\": \"redis-0\", \"Secret\"", "\"Name\": \"redis-2\", \"Secret\"", "Name is 'redis-2'")]
    [InlineData(", { \"Name\": \"redis-1\", \"Redis\": \"127.0.0.1:2\" }", "", "has 1 members")]
    [InlineData("127.0.0.1:2", "elsewhere", "Redis of redis-1 is 'elsewhere'. Write it as host:port.")]
    [InlineData("\"KeyPrefix\": \"shop\"", "\"Voter\": \"http://a:1\", \"KeyPrefix\": \"shop\"", "Voter is set")]
    [InlineData("\"KeyPrefix\": \"shop\"", "\"KeyPrefix\": \"\"", "KeyPrefix is not set.")]
    [InlineData("\"Directory\"", "\"Folder\"", "ClusterSession:Failover:Folder is not a setting.")]
    public async Task Setting_that_cannot_be_used_is_named(string right, string wrong, string expected)
    {
        Assert.Contains(right, Right, StringComparison.Ordinal);
        using var directory = new TemporaryDirectory();
        var config = directory.File("agent.json");
        await File.WriteAllTextAsync(config, Right.Replace(right, wrong, StringComparison.Ordinal));

        var run = await ToolRun.RunAsync("failover", "notify", "master", "--config", config);

        Assert.Equal(ExitCode.Usage, run.ExitCode);
        // Lines are as wide as a page.
        Assert.Contains(
            expected,
            string.Join(' ', run.Error.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)),
            StringComparison.Ordinal
        );
    }
}
