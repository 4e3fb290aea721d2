using System.Net;
using ClusterSession.Http.Cookies;
using ClusterSession.IntegrationTests.Packages;
using ClusterSession.IntegrationTests.Pages;
using ClusterSession.TestKit.Nodes;
using Xunit;

namespace ClusterSession.IntegrationTests.Moving;

/// <summary>
/// An application with <c>AddSession</c> is moved by the page alone, and does the same as before on
/// two nodes without affinity.
/// </summary>
[Collection(PackedCollection.Name)]
public sealed class MovingTests(PackedFeed feed)
{
    [Fact]
    public async Task Application_made_with_AddSession_is_moved_by_following_the_page()
    {
        await using var redis = await RedisServer.StartAsync();
        using var shop = await ShopApplication.CreateAsync(feed);
        using var customer = new WebBrowser(Array.Empty<Uri>());

        await shop.BuildAsync();
        await using (var first = await shop.StartAsync(redis))
        await using (var second = await shop.StartAsync(redis))
        {
            await ShopAsync(shop, redis, customer, first, second);
        }

        await MovingPage.Read().FollowAsync(shop.Project);
        await shop.BuildAsync();
        shop.RunsWith(feed.Package("ClusterSession"));
        shop.RunsWith(feed.Package("ClusterSession.Redis"));
        await using var a = await shop.StartAsync(redis);
        await using var b = await shop.StartAsync(redis);

        // The page: sessions are not taken over, logins are.
        customer.UseNodes(a, b);
        await customer.OpenAsync("/Basket");
        Assert.Equal("anna", customer.Text("user"));
        Assert.Equal("", customer.Text("basket"));
        await AddAsync(customer, "apple", "apple");
        Assert.Matches(@"^[\w-]{24}\.[\w-]{44}$", SessionCookie(customer, a).Value);

        using var other = new WebBrowser(Array.Empty<Uri>());
        await ShopAsync(shop, redis, other, a, b);
        Assert.Matches(@"^[\w-]{24}\.[\w-]{44}$", SessionCookie(other, b).Value);
    }

    /// <summary>
    /// Logs in, fills a basket, loses a node, and goes on; the same before and after the move.
    /// </summary>
    private static async Task ShopAsync(
        ShopApplication shop,
        RedisServer redis,
        WebBrowser browser,
        WebNode first,
        WebNode second
    )
    {
        browser.UseNodes(first, second);
        await browser.OpenAsync("/Account/Login");
        await browser.SubmitAsync("/Account/Login", ("name", "anna"), ("password", "wrong"));
        Assert.Equal("1", browser.Text("failures"));
        await browser.SubmitAsync("/Account/Login", ("name", "anna"), ("password", "wrong"));
        Assert.Equal("2", browser.Text("failures"));

        await browser.SubmitAsync("/Account/Login", ("name", "anna"), ("password", "secret of anna"));
        Assert.Equal("anna", browser.Text("user"));
        Assert.Equal("Welcome, anna", browser.Text("message"));
        await browser.OpenAsync("/Basket");
        Assert.Equal("", browser.Text("message"));

        Assert.Equal(HttpStatusCode.BadRequest, await browser.ForgeAsync("/Basket/Add", ("item", "forged")));
        await AddAsync(browser, "apple", "apple");
        await AddAsync(browser, "pear", "apple,pear");

        await first.Process.Kill9Async();
        browser.UseNodes(second);
        await AddAsync(browser, "plum", "apple,pear,plum");

        await using var third = await shop.StartAsync(redis);
        browser.UseNodes(third, second);
        await AddAsync(browser, "fig", "apple,pear,plum,fig");
        await second.Process.Kill9Async();
        browser.UseNodes(third);
        await AddAsync(browser, "nut", "apple,pear,plum,fig,nut");
    }

    private static async Task AddAsync(WebBrowser browser, string item, string basket)
    {
        await browser.SubmitAsync("/Basket/Add", ("item", item));
        Assert.Equal($"Added {item}", browser.Text("message"));
        Assert.Equal(basket, browser.Text("basket"));
        await browser.OpenAsync("/Basket");
        Assert.Equal("", browser.Text("message"));
        Assert.Equal(basket, browser.Text("basket"));
    }

    private static Cookie SessionCookie(WebBrowser browser, WebNode node) =>
        browser.Cookies.GetCookies(node.Address).Single(cookie => cookie.Name == ".Shop.Session");
}
