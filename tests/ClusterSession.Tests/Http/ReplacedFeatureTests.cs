using ClusterSession.TestKit.Nodes;
using ClusterSession.Tests.DropIn;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Session;
using Xunit;

namespace ClusterSession.Tests.Http;

/// <summary>
/// Applications that put a session feature of their own in the place of ours, around our session.
/// </summary>
public sealed class ReplacedFeatureTests : NodeTests
{
    [Theory]
    [MemberData(nameof(ServerKinds.All), MemberType = typeof(ServerKinds))]
    public async Task Session_cannot_begin_after_the_headers_have_left(ServerKind kind)
    {
        var node = await StartAsync(Map, after: Decorate, kind: kind);
        Assert.Equal("first,refused", await node.Browser().GetAsync("/late"));
        Assert.Equal(0, Sessions.Count);
    }

    [Theory]
    [MemberData(nameof(ServerKinds.All), MemberType = typeof(ServerKinds))]
    public async Task Living_session_may_change_after_the_headers_have_left(ServerKind kind)
    {
        var node = await StartAsync(Map, after: Decorate, kind: kind);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        Assert.Equal("first,changed", await browser.GetAsync("/late"));
        Assert.Equal("late", await browser.GetAsync("/get/color"));
    }

    [Theory]
    [MemberData(nameof(ServerKinds.Real), MemberType = typeof(ServerKinds))]
    public async Task Error_page_has_the_session_of_the_failed_endpoint(ServerKind kind)
    {
        var node = await StartAsync(Map, before: app => app.UseExceptionHandler("/error"), after: Decorate, kind: kind);
        var browser = node.Browser();
        Assert.Equal("error after red", await browser.GetAsync("/fail"));
        Assert.Equal("red", await browser.GetAsync("/get/color"));
        Assert.Equal("1", await browser.GetAsync("/get/error"));
        Assert.Equal(1, Sessions.Count);
    }

    [Fact]
    public async Task Wrapper_that_is_no_cluster_session_is_named_with_the_remedy()
    {
        var node = await StartAsync(Map, after: Decorate);
        var browser = node.Browser();
        var message = await browser.GetAsync("/cluster");
        Assert.Contains(nameof(PrefixedSession), message, StringComparison.Ordinal);
        Assert.Contains("IClusterSession", message, StringComparison.Ordinal);
        Assert.DoesNotContain("Call app.UseClusterSession()", message, StringComparison.Ordinal);
    }

    private static void Decorate(WebApplication app) =>
        app.Use(
            (context, next) =>
            {
                var ours = context.Features.GetRequiredFeature<ISessionFeature>().Session;
                context.Features.Set<ISessionFeature>(new SessionFeature { Session = new PrefixedSession(ours) });
                return next(context);
            }
        );

    private static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/late", async (HttpContext context) =>
        {
            await context.Response.WriteAsync("first,");
            await context.Response.Body.FlushAsync();
            try
            {
                context.Session.SetString("color", "late");
                await context.Response.WriteAsync("changed");
            }
            catch (InvalidOperationException)
            {
                await context.Response.WriteAsync("refused");
            }
        });
        endpoints.MapGet("/cluster", (HttpContext context) =>
            Assert.Throws<InvalidOperationException>(context.GetClusterSession).Message
        );
        endpoints.MapGet("/fail", string (HttpContext context) =>
        {
            context.Session.SetString("color", "red");
            throw new FormatException();
        });
        endpoints.MapGet("/error", (HttpContext context) =>
        {
            context.Session.SetString("error", "1");
            return "error after " + context.Session.GetString("color");
        });
    }
}
