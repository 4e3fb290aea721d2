using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using ClusterSession.Touching;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Touching;

/// <summary>
/// A store that has stopped announcing changes, and says nothing of that: copies that are used are
/// compared with it once a touch interval.
/// </summary>
public sealed class ConfirmationTests : NodeTests
{
    private static readonly TimeSpan TouchInterval = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData("/get/color", "/set/color/blue", "blue")]
    [InlineData("/get/color", "/destroy", "")]
    [InlineData("/poll", "/set/color/blue", "blue")]
    [InlineData("/poll", "/destroy", "")]
    public async Task Copy_in_use_is_behind_for_a_touch_interval_at_most_though_nothing_was_announced(
        string use,
        string change,
        string expected
    )
    {
        var deaf = new DeafStore(new InMemorySessionStore(Sessions));
        var (a, b) = (await StartAsync(), await StartAsync(Polled, store: deaf));
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        var other = browser.Copy();
        Assert.Equal("red", await other.GetAsync(use, b));
        await browser.GetAsync(change, a);
        Assert.Equal("red", await other.GetAsync(use, b)); // Nobody has said anything.

        Time.Advance(TouchInterval);
        await other.GetAsync(use, b);
        await FlushAsync(b);

        Assert.Equal(expected, await other.GetAsync(use, b));
    }

    [Fact]
    public async Task Poll_is_confirmed_once_a_touch_interval_and_prolongs_nothing()
    {
        var counted = new CountingStore(new InMemorySessionStore(Sessions));
        var node = await StartAsync(Polled, store: counted);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        counted.Reset();
        for (var minute = 0; minute < 5; minute++)
        {
            Time.Advance(TouchInterval);
            for (var poll = 0; poll < 10; poll++)
            {
                Assert.Equal("red", await browser.GetAsync("/poll"));
            }

            await FlushAsync(node);
        }

        Assert.Equal(5, counted.Count(StoreOperations.Read));
        Assert.Equal(0, counted.Count(StoreOperations.Touch));
        Time.Advance(TimeSpan.FromMinutes(16));
        Assert.Equal("", await browser.GetAsync("/get/color"));
    }

    private static void Polled(IEndpointRouteBuilder endpoints) =>
        endpoints
            .MapGet("/poll", (HttpContext context) => context.Session.GetString("color") ?? "")
            .WithMetadata(new SessionAccessAttribute(SessionConcurrency.Merge) { Prolongs = false });

    private static Task FlushAsync(TestNode node) =>
        node.Services.GetRequiredService<SessionTouches>().FlushAsync(default);
}
