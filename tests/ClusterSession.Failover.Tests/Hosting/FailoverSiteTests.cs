using System.Text.Json;
using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Peers;
using Xunit;

namespace ClusterSession.Failover.Tests.Hosting;

/// <summary>Two agents and a voter over HTTP: they elect, answer, and take commands.</summary>
public sealed class FailoverSiteTests
{
    private static readonly TimeSpan Promise = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task Three_processes_elect_one_primary_and_another_one_after_it()
    {
        await using var site = await FailoverSite.StartAsync();
        await site.IsAsync("a", "/primary");
        await site.IsAsync("b", "/replica?lag=0");
        Assert.Equal(503, (await site.GetAsync("b", "/primary")).Status);
        await site.IsAsync("b", "/health");

        site.Redis["a"].IsDown = true;
        await site.IsAsync("b", "/primary");
        Assert.Equal(503, (await site.GetAsync("a", "/primary")).Status);
        Assert.Equal(503, (await site.GetAsync("a", "/health")).Status);
        Assert.Equal(2, site.Logs.Count("Opened"));
    }

    [Fact]
    public async Task Each_page_answers_with_its_status_and_nothing_secret()
    {
        await using var site = await FailoverSite.StartAsync();
        await site.IsAsync("a", "/primary");
        await site.IsAsync("b", "/replica");
        foreach (var path in new[] { "/primary", "/read-only", "/health", "/cluster", "/metrics", "/history" })
        {
            var (status, body) = await site.GetAsync("a", path);
            Assert.Equal((path, 200), (path, status));
            Assert.DoesNotContain(FailoverSite.Secret, body);
            Assert.DoesNotContain("not-for-the-log", body);
            Assert.Equal(200, (await site.SendAsync(HttpMethod.Head, "a", path, secret: null)).Status);
            Assert.Equal(200, (await site.SendAsync(HttpMethod.Options, "a", path, secret: null)).Status);
        }

        Assert.Equal(503, (await site.GetAsync("a", "/replica")).Status);
        Assert.Equal(200, (await site.GetAsync("b", "/read-only")).Status);
        Assert.Equal(400, (await site.GetAsync("b", "/replica?lag=much")).Status);
        using var cluster = JsonDocument.Parse((await site.GetAsync("b", "/cluster")).Body);
        Assert.Equal("a", cluster.RootElement.GetProperty("ruler").GetString());
        Assert.DoesNotContain(site.Logs.All, log =>
            log.Text.Contains(FailoverSite.Secret, StringComparison.Ordinal)
            || log.Text.Contains("not-for-the-log", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Commands_need_the_secret_are_planned_or_done_and_refused_with_a_remedy()
    {
        await using var site = await FailoverSite.StartAsync();
        await site.IsAsync("a", "/primary");
        await site.IsAsync("b", "/replica");
        const string On = """{"command":"maintenance-on"}""";
        Assert.Equal(403, (await CommandAsync(site, On, secret: null)).Status);
        Assert.Equal(403, (await CommandAsync(site, On, secret: "another-secret-altogether")).Status);
        Assert.Equal(400, (await CommandAsync(site, "no json")).Status);
        Assert.Equal(400, (await CommandAsync(site, """{"command":"obliterate"}""")).Status);
        Assert.Equal(400, (await CommandAsync(site, """{"command":"switch"}""")).Status);

        var (status, planned) = await CommandAsync(site, """{"command":"maintenance-on","plan":true}""");
        Assert.Equal(200, status);
        Assert.Contains("a stays master", planned);
        Assert.DoesNotContain("\"isMaintenance\":true", (await site.GetAsync("a", "/cluster")).Body);

        Assert.Equal(200, (await CommandAsync(site, On)).Status);
        await Condition.HoldsAsync(
            async () =>
                (await site.GetAsync("a", "/metrics")).Body.Contains("maintenance 1\n", StringComparison.Ordinal),
            "maintenance is on",
            CoordinationSite.Patience
        );
        var (refused, reason) = await CommandAsync(site, """{"command":"switch","member":"b"}""");
        Assert.Equal(409, refused);
        Assert.Contains("in maintenance", reason);
        Assert.Contains("remedy", reason);
        Assert.Equal(200, (await CommandAsync(site, """{"command":"maintenance-off"}""")).Status);
        Assert.Equal(3, site.Logs.Count("CommandCame")); // Plans are no commands.
    }

    [Fact]
    public async Task Switch_over_http_makes_the_other_one_primary_and_stands_in_the_history()
    {
        await using var site = await FailoverSite.StartAsync();
        await site.IsAsync("a", "/primary");
        await site.IsAsync("b", "/replica?lag=0");
        await Condition.HoldsAsync(
            async () => (await CommandAsync(site, """{"command":"switch","member":"b"}""")).Status == 200,
            "the switch is accepted",
            CoordinationSite.Patience
        );
        await site.IsAsync("b", "/primary");
        await site.IsAsync("a", "/replica");
        using var history = JsonDocument.Parse((await site.GetAsync("b", "/history")).Body);
        Assert.Contains(history.RootElement.GetProperty("events").EnumerateArray(), happened =>
            happened.GetProperty("what").GetString() == "Switch" && happened.GetProperty("to").GetString() == "b"
        );
    }

    [Fact]
    public async Task Agents_promise_each_other_over_http_with_the_secret_and_to_their_own_cluster_only()
    {
        await using var site = await FailoverSite.StartAsync();
        await site.IsAsync("a", "/primary");
        await site.IsAsync("b", "/replica");
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Add("X-ClusterSession-Secret", FailoverSite.Secret);
        var b = new PeerAgent(client, site.Addresses["b"], "north", "b");
        Assert.True((await b.HearAsync(default)).IsAlive);
        Assert.True(await b.PromiseAsync(1, 0, Promise, default));
        Assert.True(site.Service<FailoverAgent>("b").BoundFor > TimeSpan.Zero);
        Assert.Equal(1, site.Logs.Count("PromiseGiven"));

        // The holder of the lease promises nobody to take none.
        Assert.False(
            await new PeerAgent(client, site.Addresses["a"], "north", "a").PromiseAsync(1, 0, Promise, default)
        );

        PeerAgent[] others =
        [
            new(client, site.Addresses["b"], "south", "b"),
            new(client, site.Addresses["b"], "north", "a"),
            new(client, new Uri($"http://127.0.0.1:{FreePort.Next()}"), "north", "b"),
        ];
        foreach (var other in others)
        {
            await Assert.ThrowsAsync<IOException>(async () => await other.PromiseAsync(1, 0, Promise, default));
            await Assert.ThrowsAsync<IOException>(async () => await other.HearAsync(default));
        }

        var path = PeerAgent.PathOf("north", "b");
        Assert.Equal(403, (await site.SendAsync(HttpMethod.Get, "b", path, secret: null)).Status);
        Assert.Equal(403, (await site.SendAsync(HttpMethod.Post, "b", path, "{}", secret: null)).Status);
        Assert.Equal(400, (await site.SendAsync(HttpMethod.Post, "b", path, "no json")).Status);
        Assert.Equal(
            400,
            (await site.SendAsync(HttpMethod.Post, "b", path, """{"epoch":1,"durationMilliseconds":-1}""")).Status
        );
    }

    /// <summary>What a stop must not do: free the lease while the Redis is open.</summary>
    [Fact]
    public async Task Stopped_agent_releases_nothing_and_goes_on_when_it_is_started_again()
    {
        await using var site = await FailoverSite.StartAsync();
        await site.IsAsync("a", "/primary");
        await site.IsAsync("b", "/replica");
        await site.StopAsync("a");
        await site.StartAsync("a");
        await Condition.HoldsAsync(
            async () =>
                (await site.GetAsync("a", "/primary")).Status == 200
                || (await site.GetAsync("b", "/primary")).Status == 200,
            "there is a primary",
            CoordinationSite.Patience
        );
        Assert.DoesNotContain("GivenUp", (await site.GetAsync("b", "/history")).Body, StringComparison.Ordinal);
    }

    private static Task<(int Status, string Body)> CommandAsync(
        FailoverSite site,
        string json,
        string? secret = FailoverSite.Secret
    ) => site.SendAsync(HttpMethod.Post, "a", "/cluster/commands", json, secret);
}
