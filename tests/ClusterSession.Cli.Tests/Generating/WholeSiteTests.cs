using System.Globalization;
using Xunit;

namespace ClusterSession.Cli.Tests.Generating;

/// <summary>
/// Every process of the reference picture, started as generated.
/// </summary>
public sealed class WholeSiteTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly (string, string) Agent = ("cluster-session-agent", LoopbackSite.Secrets.AgentPassword);
    private static readonly (string, string) Reader = ("reader", LoopbackSite.Secrets.ReaderPassword);
    private static readonly string[] Members = ["redis-1", "redis-2"];
    private static readonly string[] Followers = ["slave1", "slave2"];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Replicas_without_agents_follow_the_present_master(bool hasTls)
    {
        using var certificates = hasTls ? new TestCertificates() : null;
        await using var site = await LoopbackSite.GenerateAsync("haproxy", certificates);
        await StartAsync(site);

        await FollowAsync(site, "redis-1");
        await WriteAsync(site, "one");

        await site.KillAsync("redis-1");
        await FollowAsync(site, "redis-2");
        await WriteAsync(site, "two");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Session_outlives_node_and_master_behind_nginx_and_haproxy(bool hasTls)
    {
        using var certificates = hasTls ? new TestCertificates() : null;
        await using var site = await LoopbackSite.GenerateAsync("haproxy", certificates);
        await StartAsync(site);
        await using var first = await SiteNode.StartAsync(site, "web-1");
        await using var second = await SiteNode.StartAsync(site, "web-2");
        await site.StartNginxAsync();
        using var browser = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{site.Port("http")}/") };

        // The first request has no session, and goes to any node.
        await VisitAsync(browser, 1);
        var (node, _) = await VisitAsync(browser, 2);
        Assert.Equal(node, (await VisitAsync(browser, 3)).Node);
        await site.KillAsync("redis-1");
        await VisitAsync(browser, 4);

        // Taken out of nginx, the other node reads the session from the new master.
        await site.CheckedAsync("sh", site.File("nginx/drain.sh"), node);
        await Condition.HoldsAsync(
            async () => (await VisitAsync(browser)).Node != node,
            "the session is served by the other node",
            Patience
        );
        var (_, visits) = await VisitAsync(browser);
        Assert.True(visits > 4, $"The session began anew: {visits} visits.");
    }

    private static async Task<(string Node, int Visits)> VisitAsync(HttpClient browser, int? expected = null)
    {
        var answer = "";
        await Condition.HoldsAsync(
            async () =>
            {
                using var response = await browser.GetAsync("");
                answer = await response.Content.ReadAsStringAsync();
                return response.IsSuccessStatusCode;
            },
            "the site answers",
            Patience
        );
        var (node, visits) = (answer.Split(' ')[0], int.Parse(answer.Split(' ')[1], CultureInfo.InvariantCulture));
        Assert.Equal(expected ?? visits, visits);
        return (node, visits);
    }

    private static async Task StartAsync(LoopbackSite site)
    {
        foreach (var redis in Members.Concat(Followers))
        {
            await site.StartRedisAsync(redis);
        }

        foreach (var member in Members)
        {
            await site.StartToolAsync(member, "agent");
        }

        await site.StartToolAsync("voter", "voter");
        await site.StartAsync("haproxy-redis", "haproxy", "-db", "-f", site.File("haproxy/redis.cfg"));
        await site.StartAsync("haproxy-replication", "haproxy", "-db", "-f", site.File("haproxy/replication.cfg"));
    }

    /// <summary>
    /// It is the master, behind the address that nodes use, and both replicas have its history.
    /// </summary>
    private static async Task FollowAsync(LoopbackSite site, string master)
    {
        await Condition.HoldsAsync(
            async () => Field(await InfoAsync(site, master, Agent), "role") == "master",
            $"{master} is the master",
            Patience
        );
        foreach (var follower in Followers)
        {
            await Condition.HoldsAsync(
                async () =>
                    Field(await InfoAsync(site, follower, Reader), "master_link_status") == "up"
                    && Field(await InfoAsync(site, follower, Reader), "master_replid")
                        == Field(await InfoAsync(site, master, Agent), "master_replid"),
                $"{follower} follows {master}",
                Patience
            );
        }
    }

    /// <summary>A write of an agent's user, whom no lease stops, comes to all replicas.</summary>
    private static async Task WriteAsync(LoopbackSite site, string value)
    {
        await Condition.HoldsAsync(
            async () => (await site.AskAsync("master", Agent, "SET", "shop:probe", value)).Trim() == "OK",
            "HAProxy leads to the master",
            Patience
        );
        foreach (var follower in Followers)
        {
            await Condition.HoldsAsync(
                async () => (await site.AskAsync(follower, Reader, "GET", "shop:probe")).Trim() == value,
                $"{follower} has what was written",
                Patience
            );
        }
    }

    private static Task<string> InfoAsync(LoopbackSite site, string name, (string, string) login) =>
        site.AskAsync(name, login, "INFO", "replication");

    private static string? Field(string info, string name) =>
        info.Split('\n')
            .Select(line => line.Trim().Split(':', 2))
            .Where(pair => pair[0] == name)
            .Select(pair => pair[1])
            .FirstOrDefault();
}
