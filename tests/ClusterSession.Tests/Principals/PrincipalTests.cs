using System.Security.Claims;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Xunit;

namespace ClusterSession.Tests.Principals;

/// <summary>
/// Whose session it is: what is recorded, when, and what of it an application sees.
/// </summary>
public sealed class PrincipalTests : NodeTests
{
    [Fact]
    public async Task Login_is_recorded_with_one_write_by_a_request_that_changes_nothing_else()
    {
        var node = await StartAsync(before: Login.ByQuery);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        Store.Reset();
        await browser.GetAsync("/untouched?as=alice");
        Assert.Equal(1, Store.Count(StoreOperations.Commit));
        Assert.False(browser.LastSetCookie, "the application did not touch the session");
        for (var i = 0; i < 10; i++)
        {
            await browser.GetAsync("/get/color?as=alice");
        }

        Assert.Equal(1, Store.Count(StoreOperations.Sessions));
    }

    [Fact]
    public async Task Request_of_nobody_leaves_whose_session_it_was_and_writes_nothing()
    {
        var node = await StartAsync(before: Login.ByQuery);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red?as=alice");
        Store.Reset();
        await browser.GetAsync("/get/color");
        Assert.Equal(0, Store.Count(StoreOperations.Sessions));
        await node.EndAllAsync("alice");
        Assert.Equal("", await browser.GetAsync("/get/color"));
    }

    [Theory]
    [InlineData("/get/iban")]
    [InlineData("/rotate")]
    public async Task Session_that_a_thief_uses_with_an_account_of_their_own_ends_with_its_first_owner_too(string path)
    {
        var (a, b) = (await StartAsync(before: Login.ByQuery), await StartAsync(before: Login.ByQuery));
        foreach (var ended in new[] { "alice", "mallory" })
        {
            var browser = a.Browser();
            await browser.GetAsync("/set/iban/DE00?as=alice");
            var thief = browser.Copy();
            await thief.GetAsync(path + "?as=mallory");
            Assert.Equal("DE00", await thief.GetAsync("/get/iban?as=mallory", b));
            await b.EndAllAsync(ended);
            Assert.Equal("", await thief.GetAsync("/get/iban?as=mallory"));
            Assert.Equal("", await thief.GetAsync("/get/iban?as=mallory", b));
        }
    }

    [Fact]
    public async Task Two_that_nodes_record_at_the_same_time_are_both_recorded()
    {
        var (a, b) = (await StartAsync(before: Login.ByQuery), await StartAsync(before: Login.ByQuery));
        foreach (var ended in new[] { "alice", "bob", "carol" })
        {
            var browser = a.Browser();
            await browser.GetAsync("/set/color/red?as=alice");
            await Task.WhenAll(
                browser.Copy().GetAsync("/get/color?as=bob"),
                browser.Copy().GetAsync("/get/color?as=carol", b)
            );
            await a.EndAllAsync(ended);
            Assert.Equal("", await browser.GetAsync("/get/color", b));
        }
    }

    [Fact]
    public async Task Login_is_recorded_where_sessions_stand_before_authentication_and_the_endpoint_reads()
    {
        var node = await StartAsync(after: Login.ByQuery);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        Store.Reset();
        await browser.GetAsync("/get/color?as=alice");
        Assert.Equal(1, Store.Count(StoreOperations.Commit));
        await browser.GetAsync("/get/color?as=alice");
        Assert.Equal(1, Store.Count(StoreOperations.Sessions));
        Assert.Equal(0, Logs.Count("CommittedAfterHeaders"));
        await node.EndAllAsync("alice");
        Assert.Equal("", await browser.GetAsync("/get/color?as=alice"));
    }

    [Fact]
    public async Task Request_of_somebody_who_leaves_the_session_alone_begins_none()
    {
        var node = await StartAsync(before: Login.ByQuery);
        var browser = node.Browser();
        await browser.GetAsync("/untouched?as=alice");
        Assert.False(browser.LastSetCookie);
        Assert.Equal(0, Store.Count(StoreOperations.Sessions));
    }

    [Fact]
    public async Task Login_is_recorded_by_an_endpoint_that_only_reads_the_session()
    {
        var node = await StartAsync(
            endpoints => endpoints.MapGet("/read", () => "").WithSessionAccess(SessionConcurrency.ReadOnly),
            before: Login.ByQuery
        );
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        await browser.GetAsync("/read?as=alice");
        await node.EndAllAsync("alice");
        Assert.Equal("", await browser.GetAsync("/get/color"));
    }

    [Fact]
    public async Task Login_in_the_endpoint_is_recorded_with_what_it_commits()
    {
        var node = await StartAsync(endpoints => endpoints.MapGet("/login", (HttpContext context) =>
            {
                context.Session.SetString("color", "red");
                context.User = Login.As("alice");
            }));
        var browser = node.Browser();
        await browser.GetAsync("/login");
        Assert.Equal("red", await browser.GetAsync("/get/color"));
        await node.EndAllAsync("alice");
        Assert.Equal("", await browser.GetAsync("/get/color"));
    }

    [Fact]
    public async Task New_id_belongs_to_whom_the_old_one_did()
    {
        var node = await StartAsync(before: Login.ByQuery);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red?as=alice");
        await browser.GetAsync("/rotate");
        await node.EndAllAsync("alice");
        Assert.Equal("", await browser.GetAsync("/get/color"));
    }

    [Fact]
    public async Task Principal_is_what_the_options_say()
    {
        var node = await StartAsync(options: options =>
            options.Principal = context => context.Request.Query["tenant"] + "/" + context.Request.Query["as"]
        );
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red?tenant=a&as=alice");
        await node.EndAllAsync("b/alice");
        Assert.Equal("red", await browser.GetAsync("/get/color?tenant=a&as=alice"));
        await node.EndAllAsync("a/alice");
        Assert.Equal("", await browser.GetAsync("/get/color?tenant=a&as=alice"));
    }

    [Theory]
    [InlineData("n1", "alice", "n1")]
    [InlineData(null, "alice", "alice")]
    public async Task By_default_it_is_the_name_identifier_or_else_the_name(
        string? identifier,
        string name,
        string principal
    )
    {
        var node = await StartAsync(before: app =>
            app.Use(next =>
                context =>
                {
                    var claims = new List<Claim> { new(ClaimTypes.Name, name) };
                    if (identifier is not null)
                    {
                        claims.Add(new Claim(ClaimTypes.NameIdentifier, identifier));
                    }

                    context.User = new ClaimsPrincipal(new ClaimsIdentity(claims, "test"));
                    return next(context);
                }
            )
        );
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        await node.EndAllAsync(principal + "x");
        Assert.Equal("red", await browser.GetAsync("/get/color"));
        await node.EndAllAsync(principal);
        Assert.Equal("", await browser.GetAsync("/get/color"));
    }

    [Fact]
    public async Task Application_sees_nothing_of_it_and_cannot_change_it()
    {
        const string Name = ClusterSession.Principals.SessionPrincipal.Name;
        var node = await StartAsync(Map, before: Login.ByQuery);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red?as=alice");
        Assert.Equal("color", await browser.GetAsync("/keys"));
        Assert.Equal("", await browser.GetAsync("/all"));
        Assert.Contains("U+0000", await browser.GetAsync("/write"));
        await browser.GetAsync("/clear");
        await browser.GetAsync("/set/size/xl");
        Assert.Equal("size", await browser.GetAsync("/keys"));
        await node.EndAllAsync("alice");
        Assert.Equal("", await browser.GetAsync("/keys"));

        static void Map(IEndpointRouteBuilder endpoints)
        {
            endpoints.MapGet("/all", (HttpContext context) =>
                context.Session.TryGetValue(Name, out _) || context.GetClusterSession().Get<byte[]>(Name) is not null
                    ? "seen"
                    : ""
            );
            endpoints.MapGet("/write", (HttpContext context) =>
                Assert.Throws<ArgumentException>(() => context.Session.SetString(Name, "mallory")).Message
                + Assert.Throws<ArgumentException>(() => context.GetClusterSession().Set(Name, 1)).Message
            );
            endpoints.MapGet("/clear", (HttpContext context) =>
            {
                context.Session.Remove(Name);
                context.Session.Clear();
            });
        }
    }
}
