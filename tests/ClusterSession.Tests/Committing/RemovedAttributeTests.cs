using ClusterSession.Records;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using ClusterSession.Tests.Opening;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Xunit;

namespace ClusterSession.Tests.Committing;

/// <summary>What attributes leave behind that were removed.</summary>
public sealed class RemovedAttributeTests : NodeTests
{
    private const int Many = 3_000;

    [Theory]
    [InlineData(SessionDurability.Primary)]
    [InlineData(SessionDurability.Local)]
    public async Task Thousands_that_one_request_removes_leave_no_more_tombstones_than_are_kept(
        SessionDurability durability
    )
    {
        var node = await StartAsync(Map, options => options.Durability = durability);
        var browser = node.Browser();
        for (var round = 0; round < 2; round++)
        {
            await browser.GetAsync($"/many/{round}/{Many}");
            await browser.GetAsync("/clear");
            await HoldsInTimeAsync(() => node.Unsaved() == 0, "all is stored");
            Assert.Equal(SessionRecord.MaxTombstones, (await StoredAsync(browser)).AttributeCount);
        }

        Assert.Equal("", await browser.GetAsync("/keys"));
    }

    [Fact]
    public async Task What_is_removed_while_the_store_is_unreachable_stays_removed_and_fills_no_record()
    {
        var store = new FaultyStore(Store);
        var node = await StartAsync(Map, store: store);
        var browser = node.Browser();
        await browser.GetAsync($"/many/0/{Many}");
        store.Failing = StoreOperations.All;
        await browser.GetAsync("/clear");
        await browser.GetAsync($"/many/1/{Many}");
        await browser.GetAsync("/clear");
        await browser.GetAsync("/set/stays/x");
        store.Failing = StoreOperations.None;
        await HoldsInTimeAsync(() => node.Unsaved() == 0, "all is stored");
        Assert.InRange((await StoredAsync(browser)).AttributeCount, 1, SessionRecord.MaxTombstones + 1);
        var other = await StartAsync(Map);
        Assert.Equal("stays", await browser.GetAsync("/keys", other));
    }

    [Fact]
    public async Task Values_whose_tombstones_were_dropped_before_the_store_had_them_do_not_come_back()
    {
        var store = new FaultyStore(Store);
        var node = await StartAsync(Map, store: store);
        var browser = node.Browser();
        await browser.GetAsync($"/many/0/{Many}");
        store.Failing = StoreOperations.All;
        await browser.GetAsync("/clear");
        await browser.GetAsync($"/again/{Many}"); // No tombstone is left to tell that some were dropped.
        store.Failing = StoreOperations.None;
        await HoldsInTimeAsync(() => node.Unsaved() == 0, "all is stored");
        var other = await StartAsync(Map);
        Assert.Equal(await browser.GetAsync("/count"), await browser.GetAsync("/count", other));
    }

    [Theory]
    [InlineData(SessionDurability.Primary)]
    [InlineData(SessionDurability.Local)]
    public async Task Attributes_that_two_nodes_add_and_remove_fill_no_record(SessionDurability durability)
    {
        TestNode[] nodes =
        [
            await StartAsync(Map, options => options.Durability = durability),
            await StartAsync(Map, options => options.Durability = durability),
        ];
        var browser = nodes[0].Browser();
        await browser.GetAsync("/set/stays/x");
        await HoldsInTimeAsync(() => nodes[0].Unsaved() == 0, "it is stored");
        var other = nodes[1].Browser();
        other.Cookie = browser.Cookie;
        for (var i = 0; i < 60; i++)
        {
            // Each is unaware of what the other one has left at its node.
            await browser.GetAsync($"/set/k{i}/x");
            await other.GetAsync($"/set/l{i}/x");
            await browser.GetAsync($"/remove/k{i}");
            await other.GetAsync($"/remove/l{i}");
            await HoldsInTimeAsync(() => nodes.All(static node => node.Unsaved() == 0), "all is stored");
        }

        await browser.GetAsync("/set/last/x");
        await HoldsInTimeAsync(() => nodes.All(static node => node.Unsaved() == 0), "all is stored");
        Assert.InRange((await StoredAsync(browser)).AttributeCount, 2, SessionRecord.MaxTombstones + 3);
    }

    private async Task<SessionRecord> StoredAsync(TestBrowser browser) =>
        (await Store.ReadAsync(LossTests.KeyOf(browser), SessionVersion.None, default)).Record!;

    private static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/many/{round}/{count}", (HttpContext context, int round, int count) =>
        {
            for (var i = 0; i < count; i++)
            {
                context.Session.Set($"{i}-{round}", [1]);
            }
        });
        endpoints.MapGet("/again/{count}", (HttpContext context, int count) =>
        {
            // Those that were removed last keep their tombstones.
            var names = Enumerable.Range(0, count).Select(static i => $"{i}-0").Order(StringComparer.Ordinal);
            foreach (var name in names.TakeLast(2 * SessionRecord.MaxTombstones))
            {
                context.Session.Set(name, [2]);
            }
        });
        endpoints.MapGet("/clear", (HttpContext context) => context.Session.Clear());
        endpoints.MapGet("/count", (HttpContext context) =>
            context.Session.Keys.Count().ToString(System.Globalization.CultureInfo.InvariantCulture)
        );
    }
}
