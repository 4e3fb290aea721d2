using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Xunit;

namespace ClusterSession.Tests.Http.Cookies;

/// <summary>Cookies that expire at the client, and their deletion.</summary>
public sealed class CookieLifeTests : NodeTests
{
    private static readonly TimeSpan Touch = TimeSpan.FromMinutes(1); // of the default idle timeout

    public static TheoryData<Action<ClusterSessionOptions>> Expiring =>
        [
            new(options => options.Cookie.MaxAge = TimeSpan.FromMinutes(30)),
            new(options => options.Cookie.Expiration = TimeSpan.FromMinutes(30)),
        ];

    [Theory]
    [MemberData(nameof(Expiring))]
    public async Task Cookie_that_expires_slides_by_reading_at_most_once_a_touch_interval(
        Action<ClusterSessionOptions> expiring
    )
    {
        var node = await StartAsync(Map, options: expiring);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        await browser.GetAsync("/get/color");
        Assert.False(browser.LastSetCookie, "just set");
        for (var i = 0; i < 3; i++)
        {
            Time.Advance(Touch + TimeSpan.FromSeconds(1));
            await browser.GetAsync("/get/color");
            Assert.True(browser.LastSetCookie);
            await browser.GetAsync("/get/color");
            Assert.False(browser.LastSetCookie, "just renewed");
        }
    }

    [Theory]
    [InlineData(0, 1000)] // no local copies
    [InlineData(1000, 0)] // copies of which the store is always asked
    public async Task Cookie_that_expires_slides_without_local_copies_too(int copies, int leaseMilliseconds)
    {
        var node = await StartAsync(Map, options: options =>
        {
            options.Cookie.MaxAge = TimeSpan.FromMinutes(30);
            options.LocalCopies.MaxCount = copies;
            options.LocalCopies.Lease = TimeSpan.FromMilliseconds(leaseMilliseconds);
        });
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        for (var i = 0; i < 3; i++)
        {
            Time.Advance(Touch + TimeSpan.FromSeconds(1));
            await browser.GetAsync("/get/color");
            Assert.True(browser.LastSetCookie);
        }
    }

    [Fact]
    public async Task Without_local_copies_the_cookie_is_renewed_once_a_touch_interval_too()
    {
        var node = await StartAsync(Map, options: options =>
        {
            options.Cookie.MaxAge = TimeSpan.FromMinutes(30);
            options.LocalCopies.MaxCount = 0;
        });
        var (browser, other) = (node.Browser(), node.Browser());
        await browser.GetAsync("/set/color/red");
        await other.GetAsync("/set/color/blue");
        for (var i = 0; i < 3; i++)
        {
            Store.Reset();
            await browser.GetAsync("/get/color");
            Assert.False(browser.LastSetCookie, "just sent");
            Assert.Equal(1, Store.Count(StoreOperations.Read));
            Time.Advance(Touch + TimeSpan.FromSeconds(1));
            await browser.GetAsync("/get/color");
            Assert.True(browser.LastSetCookie);
            await other.GetAsync("/get/color");
            Assert.True(other.LastSetCookie);
        }
    }

    [Fact]
    public async Task Cookie_that_expires_slides_at_nodes_that_see_its_session_for_the_first_time()
    {
        var browser = (await StartAsync(Map, options: Short)).Browser();
        await browser.GetAsync("/set/color/red");
        for (var i = 0; i < 4; i++)
        {
            Time.Advance(TimeSpan.FromMinutes(7)); // Two of them without a cookie, and the third request brings none.
            Assert.Equal("red", await browser.GetAsync("/get/color", await StartAsync(Map, options: Short)));
            Assert.True(browser.LastSetCookie);
        }

        static void Short(ClusterSessionOptions options) => options.Cookie.MaxAge = TimeSpan.FromMinutes(20);
    }

    [Fact]
    public async Task Sliding_waits_for_a_response_that_may_carry_the_cookie()
    {
        var node = await StartAsync(Map, options: options => options.Cookie.MaxAge = TimeSpan.FromMinutes(30));
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        for (var i = 0; i < 3; i++)
        {
            Time.Advance(Touch + TimeSpan.FromSeconds(1));
            await browser.GetAsync("/public");
            Assert.False(browser.LastSetCookie);
            await browser.GetAsync("/untouched");
            Assert.False(browser.LastSetCookie);
        }

        await browser.GetAsync("/get/color");
        Assert.True(browser.LastSetCookie);
    }

    [Fact]
    public async Task Cookie_of_the_browsers_session_is_not_renewed_by_reading()
    {
        var node = await StartAsync();
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        Time.Advance(3 * Touch);
        await browser.GetAsync("/get/color");
        Assert.False(browser.LastSetCookie);
    }

    [Theory]
    [MemberData(nameof(ServerKinds.Real), MemberType = typeof(ServerKinds))]
    public async Task Destroy_without_a_cookie_deletes_none(ServerKind kind)
    {
        var node = await StartAsync(Map, kind: kind);
        var browser = node.Browser();
        await browser.GetAsync("/destroy");
        Assert.False(browser.LastSetCookie);
        await browser.GetAsync("/begin-and-destroy");
        Assert.False(browser.LastSetCookie);
        await browser.GetAsync("/set/color/red");
        await browser.GetAsync("/destroy");
        Assert.True(browser.LastSetCookie);
        Assert.Null(browser.Cookie);
    }

    private static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/public", (HttpContext context) =>
        {
            context.Response.Headers.CacheControl = "public, max-age=600";
            return context.Session.GetString("color");
        });
        endpoints.MapGet("/begin-and-destroy", async (HttpContext context) =>
        {
            context.Session.SetString("color", "red");
            await context.Session.CommitAsync();
            await context.GetClusterSession().DestroyAsync();
        });
    }
}
