using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.TestKit.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>How many commands requests cost the store, counted at the server.</summary>
public sealed class StoreCommandTests : IAsyncLifetime
{
    private const int Requests = 100;
    private RedisServer _redis = null!;
    private TestNode _a = null!;
    private TestNode _b = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        _a = await StartAsync();
        _b = await StartAsync();

        // Makes every script known to the server, and the key ring to both nodes.
        var browser = _a.Browser();
        await browser.GetAsync("/set/warm/1");
        await browser.GetAsync("/set/warm/2", _b);
        await browser.GetAsync("/get/warm");
        await browser.GetAsync("/set/warm/3");
    }

    public async ValueTask DisposeAsync()
    {
        await _a.DisposeAsync();
        await _b.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Fact]
    public async Task Request_without_cookie_that_leaves_the_session_alone_costs_nothing()
    {
        var cost = await CostOfAsync(() => _a.Browser().GetAsync("/untouched"));
        Assert.Equal(0, cost.Total);
    }

    [Fact]
    public async Task Request_with_cookie_costs_nothing_while_the_local_copy_is_fresh()
    {
        var browser = _a.Browser();
        await browser.GetAsync("/set/color/red");
        Assert.Equal(0, (await CostOfAsync(() => browser.GetAsync("/untouched"))).Total);
        Assert.Equal(0, (await CostOfAsync(() => browser.GetAsync("/get/color"))).Total);
    }

    [Fact]
    public async Task Read_without_local_copy_costs_one_command()
    {
        var browsers = new List<TestBrowser>();
        for (var i = 0; i < Requests; i++)
        {
            var browser = _a.Browser();
            await browser.GetAsync("/set/color/red");
            browsers.Add(browser);
        }

        var next = 0;
        var cost = await CostOfAsync(async () =>
            Assert.Equal("red", await browsers[next++].GetAsync("/get/color", _b))
        );
        Assert.Equal(Requests, cost.Reads);
        Assert.Equal(Requests, cost.Total);
    }

    [Fact]
    public async Task Write_costs_one_command_new_or_not()
    {
        var created = await CostOfAsync(() => _a.Browser().GetAsync("/set/color/red"));
        Assert.Equal(Requests, created.Total);

        var browser = _a.Browser();
        await browser.GetAsync("/set/color/red");
        var next = 0;
        var written = await CostOfAsync(() => browser.GetAsync($"/set/color/{next++}"));
        Assert.Equal(Requests, written.Scripts);
        Assert.Equal(Requests, written.Total);
    }

    [Fact]
    public async Task Script_calls_three_commands_for_a_commit_and_four_for_a_touch_or_a_new_session()
    {
        var created = await CostOfAsync(() => _a.Browser().GetAsync("/set/color/red"));
        Assert.Equal(4 * Requests, created.CalledByScripts); // HGET, HSET, PEXPIRE and EXISTS

        var browser = _a.Browser();
        await browser.GetAsync("/set/color/red");
        var next = 0;
        var written = await CostOfAsync(() => browser.GetAsync($"/set/color/{next++}"));
        // HGET, HSET and PTTL; PEXPIRE and EXISTS where it would end too soon
        Assert.Equal((3 * Requests) + (2 * written.Prolongations), written.CalledByScripts);

        Assert.True(SessionId.TryParse(browser.Id!, out var id));
        var store = _a.Services.GetRequiredService<IClusterSessionStore>();
        var life = TimeSpan.FromHours(1);
        var touched = await CostOfAsync(async () =>
            Assert.Equal(
                StoreTouchOutcome.Touched,
                (await store.TouchAsync(SessionKey.Of(id), life, leastLife: 2 * life, default)).Outcome
            )
        );
        Assert.Equal(4 * Requests, touched.CalledByScripts); // HGET, PTTL, PEXPIRE and EXISTS
    }

    [Fact]
    public async Task Commits_in_a_row_prolong_the_session_once()
    {
        var browser = _a.Browser();
        var next = 0;
        var written = await CostOfAsync(() => browser.GetAsync($"/set/color/{next++}"));
        Assert.Equal(Requests, written.Scripts);
        Assert.InRange(written.Prolongations, 1, 2); // Two, should a quarter of the touch interval pass meanwhile.
    }

    [Fact]
    public async Task Same_bytes_again_cost_nothing()
    {
        var browser = _a.Browser();
        await browser.GetAsync("/set/color/red");
        Assert.Equal(0, (await CostOfAsync(() => browser.GetAsync("/set/color/red"))).Total);
    }

    [Fact]
    public async Task Cookie_that_was_not_issued_here_costs_nothing()
    {
        var browser = _a.Browser();
        await browser.GetAsync("/set/color/red");
        var stranger = _a.Browser();
        var next = 0;
        var cost = await CostOfAsync(async () =>
        {
            var text = browser.Cookie!.ToCharArray();
            var at = next++ % text.Length;
            text[at] = text[at] == 'A' ? 'B' : 'A';
            stranger.Cookie = new string(text);
            Assert.Equal("", await stranger.GetAsync("/get/color"));
        });

        // A changed key id may be that of a key another node has just made: the ring is read again,
        // at most once a second.
        Assert.InRange(cost.Total, 0, 2);
        Assert.Equal(0, cost.Scripts);
    }

    [Fact]
    public async Task Small_write_beside_100_KB_moves_less_than_1_KB()
    {
        var browser = _a.Browser();
        await browser.GetAsync("/fill");
        await browser.GetAsync("/set/counter/0");
        var next = 1;
        var cost = await CostOfAsync(() => browser.GetAsync($"/set/counter/{next++}"));
        Assert.InRange(cost.BytesIn / Requests, 1, 1023);
    }

    [Fact]
    public async Task Write_under_Local_costs_one_command_with_what_changed()
    {
        await using var node = await RedisNode.StartAsync(
            _redis,
            options => options.Durability = SessionDurability.Local,
            Fill
        );
        var browser = node.Browser();
        await browser.GetAsync("/fill");
        await browser.GetAsync("/set/counter/0");
        await SentAsync(node);
        var next = 1;
        var cost = await CostOfAsync(async () =>
        {
            await browser.GetAsync($"/set/counter/{next++}");
            await SentAsync(node);
        });
        Assert.Equal(Requests, cost.Scripts);
        Assert.Equal(Requests, cost.Total);
        Assert.InRange(cost.BytesIn / Requests, 1, 1023);

        static Task SentAsync(TestNode node) =>
            Condition.HoldsAsync(
                () => node.Services.GetRequiredService<ISessionManager>().GetStatistics().UnsavedSessions == 0,
                "the commit is sent"
            );
    }

    [Fact]
    public async Task Revalidation_of_an_unchanged_session_moves_no_values()
    {
        await using var strict = await RedisNode.StartAsync(_redis, endpoints: Fill, lease: TimeSpan.Zero);
        var browser = strict.Browser();
        await browser.GetAsync("/fill");
        await browser.GetAsync("/untouched");
        var before = long.Parse(await _redis.InfoAsync("stats", "total_net_output_bytes"));
        for (var i = 0; i < Requests; i++)
        {
            Assert.Equal("Revalidated", await browser.GetAsync("/source"));
        }

        var after = long.Parse(await _redis.InfoAsync("stats", "total_net_output_bytes"));
        Assert.InRange((after - before) / Requests, 0, 500);
    }

    private static void Fill(Microsoft.AspNetCore.Routing.IEndpointRouteBuilder endpoints) =>
        endpoints.MapGet("/fill", (HttpContext context) =>
        {
            for (var i = 0; i < 10; i++)
            {
                context.Session.Set($"large{i}", new byte[10 * 1024]);
            }
        });

    private Task<TestNode> StartAsync() => RedisNode.StartAsync(_redis, endpoints: Fill);

    private async Task<RedisCommands> CostOfAsync(Func<Task> request)
    {
        var before = await RedisCommands.CountAsync(_redis);
        for (var i = 0; i < Requests; i++)
        {
            await request();
        }

        return await RedisCommands.CountAsync(_redis) - before;
    }
}
