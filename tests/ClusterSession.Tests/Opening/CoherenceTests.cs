using ClusterSession.Opening;
using ClusterSession.Records;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Servers;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Opening;

public sealed class CoherenceTests : NodeTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Concurrent_requests_that_set_different_attributes_all_survive(bool onTwoNodes)
    {
        using var together = new SemaphoreSlim(0);
        var a = await StartAsync(Map);
        var b = onTwoNodes ? await StartAsync(Map) : a;
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        for (var round = 0; round < 50; round++)
        {
            var tabs = Enumerable.Range(0, 4).Select(_ => browser.Copy()).ToArray();
            var running = tabs.Select(
                    (tab, i) => Task.Run(() => tab.GetAsync($"/slow/r{round}t{i}", i % 2 == 0 ? a : b))
                )
                .ToArray();
            together.Release(4);
            await Task.WhenAll(running);
            browser.Cookie = tabs[round % 4].Cookie;
            foreach (var node in new[] { a, b })
            {
                var keys = (await browser.GetAsync("/keys", node)).Split(',');
                Assert.Equal(1 + (4 * (round + 1)), keys.Length);
            }
        }

        void Map(IEndpointRouteBuilder endpoints) =>
            endpoints.MapGet("/slow/{key}", async (HttpContext context, string key) =>
            {
                context.Session.SetString(key, "1");
                await together.WaitAsync();
            });
    }

    [Fact]
    public async Task Concurrent_opens_share_one_read()
    {
        var gated = new GatedStore(Store);
        var b = await StartAsync();
        var a = await StartAsync(store: gated);
        var browser = b.Browser();
        await browser.GetAsync("/set/color/red");
        Store.Reset();
        gated.Holding = StoreOperations.Read;
        var running = Enumerable.Range(0, 50).Select(_ => browser.Copy().GetAsync("/get/color", a)).ToArray();
        await Condition.HoldsAsync(() => gated.Held == 1, "one read is under way");
        gated.Open();
        Assert.All(await Task.WhenAll(running), color => Assert.Equal("red", color));
        Assert.Equal(1, Store.Count(StoreOperations.Read));
    }

    [Fact]
    public async Task Copy_that_someone_else_has_overtaken_is_not_served()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        var other = browser.Copy();
        await other.GetAsync("/set/color/blue", b);
        Assert.Equal("blue", await other.GetAsync("/get/color", a));
        Assert.Equal("blue", await browser.GetAsync("/get/color", a));
    }

    [Fact]
    public async Task Copy_without_invalidation_is_not_served_to_a_client_that_has_seen_more()
    {
        var deaf = new DeafStore(new InMemorySessionStore(Sessions));
        var a = await StartAsync(store: deaf);
        var b = await StartAsync();
        var browser = a.Browser();
        await browser.GetAsync("/set/color/v0");
        for (var i = 1; i < 200; i++)
        {
            await browser.GetAsync($"/set/color/v{i}", b);
            Assert.Equal($"v{i}", await browser.GetAsync("/get/color", a));
        }
    }

    [Fact]
    public async Task What_a_client_has_read_on_one_node_it_does_not_lose_on_another_that_got_no_invalidation()
    {
        var deaf = new DeafStore(new InMemorySessionStore(Sessions));
        var a = await StartAsync(store: deaf);
        var b = await StartAsync();
        var browser = a.Browser();
        await browser.GetAsync("/set/color/old");
        await browser.Copy().GetAsync("/set/color/new", b);
        Assert.Equal("new", await browser.GetAsync("/get/color", b));
        Assert.Equal("new", await browser.GetAsync("/get/color", a));
    }

    /// <summary>
    /// The answer of a read arrives; before the request goes on, an invalidation arrives, and a
    /// second request joins the read.
    /// </summary>
    [Fact]
    public async Task Request_that_joins_a_read_does_not_make_its_outdated_answer_a_fresh_copy()
    {
        var gated = new GatedStore(new InMemorySessionStore(Sessions));
        var a = await StartAsync(store: gated);
        var b = await StartAsync();
        var opener = a.Services.GetRequiredService<SessionOpener>();
        var browser = b.Browser();
        await browser.GetAsync("/set/color/old");
        Assert.True(SessionId.TryParse(browser.Id!, out var id));
        var key = SessionKey.Of(id);
        gated.Holding = StoreOperations.Read;
        using var leaving = new CancellationTokenSource();
        var first = opener.OpenAsync(key, default, default, leaving.Token).AsTask();
        await Condition.HoldsAsync(() => gated.Held == 1, "the answer is on its way");
        await browser.Copy().GetAsync("/set/color/new", b);
        var joining = opener.OpenAsync(key, default, default, default).AsTask();
        await leaving.CancelAsync(); // Only who joined is left to make a copy of the answer.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        gated.Open();
        await joining;
        Assert.Equal("new", await browser.Copy().GetAsync("/get/color", a));
    }

    [Fact]
    public async Task Sessions_work_without_any_local_copies()
    {
        var (a, b) = (await StartAsync(options: None), await StartAsync(options: None));
        var browser = a.Browser();
        for (var i = 0; i < 10; i++)
        {
            await browser.GetAsync($"/set/k{i}/{i}", i % 2 == 0 ? a : b);
        }

        Assert.Equal("k0,k1,k2,k3,k4,k5,k6,k7,k8,k9", await browser.GetAsync("/keys"));
        Assert.Equal("Store", await browser.GetAsync("/source"));

        static void None(ClusterSessionOptions options) => options.LocalCopies.MaxCount = 0;
    }
}
