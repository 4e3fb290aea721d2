using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace ClusterSession.Tests.Http;

public sealed class DropInTests : NodeTests
{
    [Fact]
    public async Task What_is_written_against_ISession_works_unchanged()
    {
        var a = await StartAsync(endpoints =>
        {
            endpoints.MapGet("/fill", (HttpContext context) =>
            {
                context.Session.SetString("name", "Ada ☕");
                context.Session.SetInt32("count", 42);
                context.Session.Set("bytes", [0, 1, 255]);
                context.Session.Set("empty", []);
            });
            endpoints.MapGet("/tell", async (HttpContext context) =>
            {
                await context.Session.LoadAsync();
                return $"{context.Session.GetString("name")} {context.Session.GetInt32("count")} {Convert.ToHexString(context.Session.Get("bytes")!)} "
                    + $"{context.Session.Get("empty")!.Length} {context.Session.Get("nothing") is null} {context.Session.IsAvailable}";
            });
            endpoints.MapGet("/clear", (HttpContext context) => context.Session.Clear());
        });
        var b = await StartAsync(endpoints =>
            endpoints.MapGet("/tell", (HttpContext context) => string.Join(",", context.Session.Keys.Order()))
        );
        var browser = a.Browser();
        await browser.GetAsync("/fill");
        Assert.Equal("Ada ☕ 42 0001FF 0 True True", await browser.GetAsync("/tell"));
        Assert.Equal("bytes,count,empty,name", await browser.GetAsync("/tell", b));
        await browser.GetAsync("/clear");
        Assert.Equal("", await browser.GetAsync("/tell", b));
    }

    [Fact]
    public async Task Id_stays_the_same_over_requests_and_is_not_the_secret_of_the_cookie()
    {
        var node = await StartAsync(endpoints =>
        {
            endpoints.MapGet("/begin", (HttpContext context) =>
            {
                var before = context.Session.Id;
                context.Session.SetString("a", "1");
                return before;
            });
            endpoints.MapGet("/id", (HttpContext context) => context.Session.Id);
        });
        var browser = node.Browser();
        var id = await browser.GetAsync("/begin");
        Assert.Equal(id, await browser.GetAsync("/id"));
        Assert.DoesNotContain(id, browser.Cookie);
    }

    [Fact]
    public async Task Value_that_the_application_changes_after_setting_it_is_not_changed_in_the_session()
    {
        var node = await StartAsync(endpoints => endpoints.MapGet("/alias", (HttpContext context) =>
            {
                byte[] value = [1];
                context.Session.Set("k", value);
                value[0] = 9;
                context.Session.Get("k")![0] = 8;
                return context.Session.Get("k")![0];
            }));
        var browser = node.Browser();
        Assert.Equal("1", await browser.GetAsync("/alias"));
    }

    [Fact]
    public async Task Removal_is_a_change_of_its_own()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        await browser.GetAsync("/remove/color", b);
        Assert.Equal("", await browser.GetAsync("/get/color"));
        Assert.Equal("", await browser.GetAsync("/keys"));
    }

    [Fact]
    public async Task What_was_set_and_removed_or_set_back_in_one_request_is_no_change()
    {
        var node = await StartAsync(endpoints => endpoints.MapGet("/undo", (HttpContext context) =>
            {
                context.Session.SetString("new", "1");
                context.Session.Remove("new");
                context.Session.SetString("color", "blue");
                context.Session.SetString("color", "red");
                context.Session.Remove("color");
                context.Session.SetString("color", "red");
            }));
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        Store.Reset();
        await browser.GetAsync("/undo");
        Assert.False(browser.LastSetCookie);
        Assert.Equal(0, Store.Count(ClusterSession.TestKit.Stores.StoreOperations.Sessions));
    }

    [Fact]
    public async Task Typed_values_go_through_the_serializer()
    {
        var node = await StartAsync(endpoints =>
        {
            endpoints.MapGet("/put", (HttpContext context) =>
                context.GetClusterSession().Set("cart", new Cart("tea", 3))
            );
            endpoints.MapGet("/take", (HttpContext context) =>
                context.GetClusterSession().Get<Cart>("cart")!.ToString()
            );
            endpoints.MapGet("/none", (HttpContext context) => context.GetClusterSession().Get<Cart>("none") is null);
        });
        var browser = node.Browser();
        await browser.GetAsync("/put");
        Assert.Equal("Cart { Item = tea, Count = 3 }", await browser.GetAsync("/take"));
        Assert.Equal("true", await browser.GetAsync("/none"));
    }

    [Fact]
    public async Task Value_above_the_limit_is_refused_when_it_is_set_and_the_message_names_the_setting()
    {
        var node = await StartAsync(Refusing("/large", context => context.Session.Set("k", new byte[101])), options =>
            options.MaxAttributeBytes = 100
        );
        Assert.Contains("ClusterSession:MaxAttributeBytes allows 100", await node.Browser().GetAsync("/large"));
    }

    [Fact]
    public async Task More_attributes_than_the_limit_are_refused_and_changing_one_is_not_more()
    {
        var node = await StartAsync(Refusing("/many", context =>
            {
                context.Session.SetString("a", "1");
                context.Session.SetString("b", "1");
                context.Session.SetString("b", "2");
                context.Session.SetString("c", "1");
            }), options => options.MaxAttributes = 2);
        var browser = node.Browser();
        Assert.Contains("ClusterSession:MaxAttributes allows (2)", await browser.GetAsync("/many"));
        Assert.Equal("a,b", await browser.GetAsync("/keys"));
    }

    private static Action<Microsoft.AspNetCore.Routing.IEndpointRouteBuilder> Refusing(
        string path,
        Action<HttpContext> change
    ) => endpoints => endpoints.MapGet(path, (HttpContext context) =>
            {
                try
                {
                    change(context);
                    return "not refused";
                }
                catch (Exception refusal) when (refusal is ArgumentException or InvalidOperationException)
                {
                    return refusal.Message;
                }
            });

    private sealed record Cart(string Item, int Count);
}
