using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Servers;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>
/// The users that SECURITY.md recommends may do all that a node does: its commands are taken from
/// the page.
/// </summary>
public sealed class RecommendedUserTests
{
    private static readonly string[] Page = File.ReadAllLines(PathOf("SECURITY.md"));

    [Fact]
    public async Task User_of_the_page_suffices_for_all_that_a_node_does_and_its_warnings()
    {
        await using var redis = await RedisServer.StartAsync();
        await SetUserAsync(arguments => redis.CommandAsync(arguments), 0);

        await UseAsync($"{redis.Endpoint},user=sessions,password=secret");

        await NothingRefusedAsync(arguments => redis.CommandAsync(arguments));
    }

    [Fact]
    public async Task User_of_the_page_for_a_cluster_suffices()
    {
        await using var cluster = await RedisClusterFixture.StartAsync();
        foreach (var server in cluster.Servers)
        {
            await SetUserAsync(arguments => server.CommandAsync(arguments), 0);
            await SetUserAsync(arguments => server.CommandAsync(arguments), 1);
        }

        await UseAsync($"{cluster.ConnectionString},user=sessions,password=secret");

        foreach (var server in cluster.Servers)
        {
            await NothingRefusedAsync(arguments => server.CommandAsync(arguments));
        }
    }

    [Fact]
    public async Task User_of_the_page_for_sentinels_suffices_to_follow_a_failover()
    {
        await using var redis = await SentinelCluster.StartAsync();
        foreach (var server in redis.Servers)
        {
            await SetUserAsync(arguments => server.CommandAsync(arguments), 0);
        }

        foreach (var sentinel in redis.Sentinels)
        {
            await SetUserAsync(arguments => sentinel.CommandAsync(arguments), 2);
        }

        await UseAsync(
            $"{redis.ConnectionString},user=sessions,password=secret,sentinelUser=sessions,sentinelPassword=secret",
            redis.FailoverAsync
        );

        foreach (var sentinel in redis.Sentinels)
        {
            await NothingRefusedAsync(arguments => sentinel.CommandAsync(arguments));
        }
    }

    /// <summary>All that makes a node send a command of its own.</summary>
    private static async Task UseAsync(string connectionString, Func<Task>? meanwhile = null)
    {
        await using var a = await StartAsync(connectionString);
        await using var b = await StartAsync(connectionString);
        var browser = a.Browser();
        Assert.Equal("red", await browser.GetAsync("/set/color/red"));
        Assert.Equal("red", await browser.GetAsync("/get/color", b));
        if (meanwhile is not null)
        {
            await meanwhile();
        }

        Assert.Equal("blue", await browser.GetAsync("/set/color/blue", b));
        Assert.Equal("blue", await browser.GetAsync("/get/color"));
        await a.Services.GetRequiredService<ISessionManager>().EndAllAsync("somebody");
        await a.Services.GetRequiredService<ISessionManager>().RotateKeysAsync(revoke: true);
        await Condition.HoldsAsync(() => a.Unsaved() + b.Unsaved() == 0, "every commit is in the store");
    }

    private static Task<TestNode> StartAsync(string connectionString) =>
        TestNode.StartAsync(RedisNode.Store(connectionString, prefix: "cs.shop"), options: o =>
        {
            o.Durability = SessionDurability.Replicated;
            o.ReplicaTimeout = TimeSpan.FromMilliseconds(10);
            o.TouchInterval = TimeSpan.FromMilliseconds(100);
        });

    /// <summary>But the library's name, which is for those who look at the server.</summary>
    private static async Task NothingRefusedAsync(Func<string[], Task<string>> run)
    {
        var log = (await run(["ACL", "LOG"])).Split('\n');
        Assert.Empty(log.Skip(1).Where((_, i) => log[i] == "object").Except(["client|setinfo"]));
    }

    /// <summary>Runs one of the page's commands, counted from 0.</summary>
    private static async Task SetUserAsync(Func<string[], Task<string>> run, int number)
    {
        var text = string.Join(
            ' ',
            Page.SkipWhile(line => !line.StartsWith("ACL SETUSER", StringComparison.Ordinal))
                .TakeWhile(line => line != "```")
                .Select(line => line.Trim())
        );
        var command = text.Split("ACL SETUSER", StringSplitOptions.RemoveEmptyEntries)[number];
        Assert.Equal(
            "OK",
            await run([
                "ACL",
                "SETUSER",
                .. command.Replace(">...", ">secret").Split(' ', StringSplitOptions.RemoveEmptyEntries),
            ])
        );
    }

    private static string PathOf(string name)
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory!.FullName, name)))
        {
            directory = directory.Parent;
        }

        return Path.Combine(directory.FullName, name);
    }
}
