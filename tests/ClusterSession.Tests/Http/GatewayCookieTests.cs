using ClusterSession.TestKit.Nodes;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Primitives;
using Xunit;

namespace ClusterSession.Tests.Http;

/// <summary>
/// A gateway (such as YARP) that uses the same sessions as the backend behind it: the backend's
/// cookies are in the response when the gateway decides about its own.
/// </summary>
public sealed class GatewayCookieTests : NodeTests
{
    [Fact]
    public async Task Newer_version_that_the_backend_named_stays()
    {
        var (gateway, backend) = await BeginAsync();
        var browser = backend.Browser();
        await browser.GetAsync("/set/color/red");
        var old = browser.Copy();
        await browser.GetAsync("/set/color/blue");
        await old.GetAsync("/through/set/size/xl?read=1", gateway); // The gateway would renew, the backend commits.
        Assert.Equal("xl", await old.GetAsync("/get/size", backend));
        Assert.Single(old.Last!.RequestMessage!.Headers.GetValues("Cookie"));
    }

    [Fact]
    public async Task Session_that_the_backend_began_wins_over_one_that_the_gateway_began()
    {
        var (gateway, _) = await BeginAsync();
        var browser = gateway.Browser();
        await browser.GetAsync("/through/set/color/red?begin=1");
        Assert.Single(browser.Last!.Headers.GetValues("Set-Cookie"));
        Assert.Equal("red", await browser.GetAsync("/get/color"));
    }

    [Fact]
    public async Task Deletion_by_the_backend_stays()
    {
        var (gateway, backend) = await BeginAsync();
        var browser = backend.Browser();
        await browser.GetAsync("/set/color/red");
        await browser.GetAsync("/through/destroy?change=1", gateway);
        Assert.Null(browser.Cookie);
    }

    [Fact]
    public async Task Older_version_and_what_is_no_cookie_of_ours_are_replaced()
    {
        var (gateway, backend) = await BeginAsync();
        var browser = backend.Browser();
        await browser.GetAsync("/set/color/red");
        await browser.GetAsync("/forge?value=" + Uri.EscapeDataString(browser.Cookie!), gateway);
        Assert.Single(browser.Last!.Headers.GetValues("Set-Cookie"));
        Assert.Equal("1", await browser.GetAsync("/get/forge", backend));
        await browser.GetAsync("/forge?value=nonsense", gateway);
        Assert.Single(browser.Last!.Headers.GetValues("Set-Cookie"));
        Assert.Equal("2", await browser.GetAsync("/get/forge", backend));
    }

    [Fact]
    public async Task Cookie_that_the_application_deletes_by_hand_stays_deleted()
    {
        var node = await StartAsync(endpoints => endpoints.MapGet("/logout", (HttpContext context) =>
            {
                context.Session.Clear();
                context.Response.Cookies.Delete(".ClusterSession");
            }));
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        await browser.GetAsync("/logout");
        Assert.Null(browser.Cookie);
    }

    private async Task<(TestNode Gateway, TestNode Backend)> BeginAsync()
    {
        var backend = await StartAsync();
        var gateway = await StartAsync(endpoints =>
        {
            endpoints.MapGet("/through/{**path}", async (HttpContext context, string path) =>
            {
                if (context.Request.Query.ContainsKey("read"))
                {
                    _ = context.Session.GetString("color");
                }

                if (context.Request.Query.ContainsKey("begin") || context.Request.Query.ContainsKey("change"))
                {
                    context.Session.SetString("gateway", "1");
                }

                using var client = backend.CreateClient();
                using var request = new HttpRequestMessage(HttpMethod.Get, "/" + path);
                request.Headers.TryAddWithoutValidation("Cookie", context.Request.Headers.Cookie.ToString());
                using var response = await client.SendAsync(request);
                if (response.Headers.TryGetValues("Set-Cookie", out var cookies))
                {
                    context.Response.Headers.SetCookie = StringValues.Concat(
                        context.Response.Headers.SetCookie,
                        cookies.ToArray()
                    );
                }

                await context.Response.WriteAsync(await response.Content.ReadAsStringAsync());
            });
            endpoints.MapGet("/forge", (HttpContext context, string value) =>
            {
                context.Session.SetString(
                    "forge",
                    (int.Parse(context.Session.GetString("forge") ?? "0", null) + 1).ToString()
                );
                context.Response.Headers.SetCookie = $".ClusterSession={value}; path=/";
            });
        });
        return (gateway, backend);
    }
}
