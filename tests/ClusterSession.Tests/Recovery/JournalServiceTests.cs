using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Recovery;

/// <summary>
/// What is kept for the store while it does not take it, and copies of it that must not be evicted
/// (A12, V08).
/// </summary>
public sealed class JournalServiceTests : NodeTests
{
    private readonly PoisonedStore _store;

    public JournalServiceTests() => _store = new PoisonedStore(new InMemorySessionStore(Sessions));

    [Theory]
    [InlineData(StoreFailure.Refused)]
    [InlineData(StoreFailure.Damaged)]
    [InlineData(StoreFailure.Unreachable)]
    public async Task Sessions_that_the_store_does_not_take_do_not_hold_up_the_others(StoreFailure failure)
    {
        var node = await StartAsync(store: _store, options: options => options.Outage.BreakAfter = 10_000);
        var browsers = await BeginAsync(node, 200);
        (_store.IsPoison, _store.Failure) = (static _ => true, StoreFailure.Unreachable);
        await WriteAsync(browsers, "blue");
        Assert.Equal(200, node.Unsaved());

        // More of them than are sent at once.
        var poison = browsers[..150].Select(KeyOf).ToHashSet();
        (_store.IsPoison, _store.Failure) = (poison.Contains, failure);

        await HoldsInTimeAsync(() => node.Unsaved() == poison.Count, "the others are sent");
        var other = await StartAsync();
        foreach (var browser in browsers[150..])
        {
            Assert.Equal("blue", await browser.GetAsync("/get/color", other));
        }

        _store.IsPoison = static _ => false;
        Time.Advance(TimeSpan.FromMinutes(1));
        await HoldsInTimeAsync(() => node.Unsaved() == 0, "they are sent too when the store takes them");
    }

    [Fact]
    public async Task Copies_that_hold_what_the_store_does_not_have_outlast_the_limit_and_others_do_not()
    {
        const int Limit = 5;
        var node = await StartAsync(store: _store, options: options => options.LocalCopies.MaxCount = Limit);
        var dirty = await BeginAsync(node, Limit);
        _store.IsPoison = static _ => true;
        await WriteAsync(dirty, "blue");
        var other = await StartAsync();
        var clean = await BeginAsync(other, 30);

        foreach (var browser in clean)
        {
            Assert.Equal("red", await browser.GetAsync("/get/color", node));
        }

        Assert.All(dirty, browser => Assert.True(Copies(node).TryGet(KeyOf(browser), out _)));
        Assert.InRange(Copies(node).Count, Limit, Limit + 1);
        _store.IsPoison = static _ => false;
        await HoldsInTimeAsync(() => node.Unsaved() == 0, "they are sent");
        foreach (var browser in dirty)
        {
            Assert.Equal("blue", await browser.GetAsync("/get/color", other));
        }

        foreach (var browser in await BeginAsync(other, 30))
        {
            await browser.GetAsync("/get/color", node);
        }

        Assert.Contains(dirty, browser => !Copies(node).TryGet(KeyOf(browser), out _));
    }

    private static async Task<TestBrowser[]> BeginAsync(TestNode node, int sessions)
    {
        var browsers = Enumerable.Range(0, sessions).Select(_ => node.Browser()).ToArray();
        await WriteAsync(browsers, "red");
        return browsers;
    }

    private static async Task WriteAsync(IEnumerable<TestBrowser> browsers, string color)
    {
        foreach (var browser in browsers)
        {
            Assert.Equal(color, await browser.GetAsync($"/set/color/{color}"));
        }
    }

    private static ClusterSession.Local.LocalCopies Copies(TestNode node) =>
        node.Services.GetRequiredService<ClusterSession.Local.LocalCopies>();

    private static SessionKey KeyOf(TestBrowser browser)
    {
        Assert.True(SessionId.TryParse(browser.Id!, out var id));
        return SessionKey.Of(id);
    }
}
