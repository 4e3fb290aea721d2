using ClusterSession.Cli.Shell;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.Cli.Tests.Watching;

/// <summary><c>sentinel status</c> by real Redis and Sentinels.</summary>
public sealed class SentinelStatusTests
{
    [Fact]
    public async Task Status_of_a_real_site_names_what_is_wrong_and_what_is_not()
    {
        await using var site = await SentinelCluster.StartAsync(Undemoted());
        var (master, replica) = (site.Servers[0].Endpoint, site.Servers[1]);
        await SaysAsync(site, ExitCode.Done, $"{master} is the master; all 3 Sentinels agree; all 2 replicas follow.");

        // A replica that may not log in: the master asks for no password.
        await replica.CommandAsync("CONFIG", "SET", "masterauth", "wrong");
        await replica.CommandAsync("CLIENT", "KILL", "TYPE", "master");
        await Condition.HoldsAsync(
            async () => await replica.InfoAsync("replication", "master_link_status") == "down",
            "the replica has lost its master"
        );
        await SaysAsync(site, ExitCode.Degraded, $"1 of 2 replicas follows: {replica.Endpoint} is not connected");

        // Made a master by hand. Sentinel cannot demote it, since SLAVEOF has another name there.
        await replica.CommandAsync("REPLICAOF", "NO", "ONE");
        await SaysAsync(site, ExitCode.Down, $"2 masters: {master} is the one that the Sentinels name");
        var json = await StatusAsync(site, "--format", "json");
        Assert.Equal(
            "two-masters",
            json.Json.GetProperty("verdict").GetProperty("alarms")[0].GetProperty("name").GetString()
        );
        Assert.Equal(master, json.Json.GetProperty("master").GetString());
        Assert.Equal(2, json.Json.GetProperty("sentinels")[0].GetProperty("quorum").GetInt32());
    }

    [Fact]
    public async Task Sentinel_that_names_another_master_is_alone_and_without_two_there_is_no_majority()
    {
        await using var site = await SentinelCluster.StartAsync(Undemoted());
        var (other, odd) = (site.Servers[1], site.Sentinels[2]);
        // Of one configuration number, so that neither side takes over what the other one has.
        await odd.CommandAsync("SENTINEL", "REMOVE", "mymaster");
        await odd.CommandAsync("SENTINEL", "MONITOR", "mymaster", other.Host, $"{other.Port}", "2");
        await SaysAsync(site, ExitCode.Degraded, $"{site.Servers[0].Endpoint} is the master; 2 of 3 Sentinels agree;");
        var alone = await StatusAsync(site);
        Assert.Contains("sentinel-alone", alone.Output, StringComparison.Ordinal);

        site.Sentinels[0].Process.Stop();
        await SaysAsync(site, ExitCode.Down, "No majority of the Sentinels names one master.");
        site.Sentinels[0].Process.Continue();
        foreach (var sentinel in site.Sentinels)
        {
            await sentinel.Process.Kill9Async();
        }

        await SaysAsync(site, ExitCode.NoAgent, "No Sentinel is responding");
    }

    [Theory]
    [InlineData]
    [InlineData("--redis", "127.0.0.1:1")]
    [InlineData("--redis", "127.0.0.1:1,serviceName=shop,oops=1")]
    [InlineData("--config", "/no/such/file.json")]
    public async Task Status_without_Sentinels_to_ask_is_wrong_usage(params string[] args)
    {
        var run = await ToolRun.RunAsync(["sentinel", "status", .. args]);
        Assert.Equal((ExitCode.Usage, ""), (run.ExitCode, run.Output));
        Assert.NotEmpty(run.Error);
    }

    private static SentinelClusterOptions Undemoted() =>
        new() { Config = ["rename-command SLAVEOF UNUSED", "min-replicas-to-write 1", "min-replicas-max-lag 10"] };

    private static Task<ToolRun> StatusAsync(SentinelCluster site, params string[] more) =>
        ToolRun.RunAsync(["sentinel", "status", "--redis", site.ConnectionString, "--timeout", "2", .. more]);

    private static async Task SaysAsync(SentinelCluster site, int code, string sentence)
    {
        var run = await ToolRun.RunAsync(
            terminal => terminal with { Width = 400 },
            "sentinel",
            "status",
            "--redis",
            site.ConnectionString
        );
        Assert.Contains(sentence, run.Output, StringComparison.Ordinal);
        Assert.Equal(code, run.ExitCode);
    }
}
