using System.Security.Claims;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

namespace ClusterSession.Tests.Tickets;

/// <summary>Logins of cookie schemes in the sessions' store.</summary>
public sealed class TicketStoreTests : TicketNodeTests
{
    [Theory]
    [InlineData(ServerKind.TestServer, true)]
    [InlineData(ServerKind.TestServer, false)]
    [InlineData(ServerKind.Kestrel, true)]
    public async Task Login_of_one_node_counts_on_the_other_and_its_sign_out_on_both(ServerKind kind, bool isStoreFirst)
    {
        var (a, b) = (
            await StartAsync(kind, isStoreFirst: isStoreFirst),
            await StartAsync(kind, isStoreFirst: isStoreFirst)
        );
        var browser = await LogInAsync("anna", a);
        var stolen = browser.Copy();
        Assert.Equal("anna", await browser.GetAsync("/secret", b));
        Assert.Equal("anna", await browser.GetAsync("/secret", a));
        await browser.GetAsync("/logout", b);
        Assert.Null(browser.Login);
        foreach (var node in new[] { a, b })
        {
            Assert.Equal("nobody", await stolen.GetAsync("/me", node));
        }
    }

    [Fact]
    public async Task All_browsers_of_somebody_are_logged_out_on_every_node_and_nobody_else()
    {
        var (a, b) = (await StartAsync(ServerKind.Kestrel), await StartAsync(ServerKind.Kestrel));
        var browsers = new[] { await LogInAsync("anna", a), await LogInAsync("anna", b), await LogInAsync("anna", a) };
        var other = await LogInAsync("bob", b);
        foreach (var browser in browsers.Append(other))
        {
            Assert.NotEqual("nobody", await browser.GetAsync("/me", a));
            Assert.NotEqual("nobody", await browser.GetAsync("/me", b));
        }

        await a.Services.GetRequiredService<ISessionManager>().EndAllAsync("anna");
        foreach (var node in new[] { b, a })
        {
            foreach (var browser in browsers)
            {
                Assert.Equal("nobody", await browser.Copy().GetAsync("/me", node));
            }

            Assert.Equal("bob", await other.GetAsync("/me", node));
        }

        await browsers[0].GetAsync("/login/anna", b);
        Assert.Equal("anna", await browsers[0].GetAsync("/me", a));
        Assert.Equal("anna", await browsers[0].GetAsync("/me", b));
    }

    [Fact]
    public async Task Login_is_read_from_the_local_copy_without_a_command_of_the_store()
    {
        var node = await StartAsync();
        var browser = await LogInAsync("anna", node);
        Assert.Equal("anna", await browser.GetAsync("/me", node));
        Store.Reset();
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal("anna", await browser.GetAsync("/me", node));
        }

        Assert.Equal(0, Store.Count(StoreOperations.All));
    }

    [Fact]
    public async Task Login_outlives_the_idle_timeout_of_sessions_and_the_memory_of_the_node()
    {
        var a = await StartAsync();
        var browser = new LoginBrowser();
        await browser.GetAsync("/remember/anna/14", a);
        var thief = browser.Copy();
        Time.Advance(TimeSpan.FromDays(6));
        Assert.Equal("anna", await browser.GetAsync("/me", a));
        var late = await StartAsync();
        Assert.Equal("anna", await browser.GetAsync("/me", late));
        Time.Advance(TimeSpan.FromDays(7.9));
        Assert.Equal("anna", await thief.GetAsync("/me", late));
        Time.Advance(TimeSpan.FromDays(15));
        Assert.Equal("nobody", await thief.GetAsync("/me", late));
    }

    [Fact]
    public async Task Unused_login_is_still_ended_days_after_all_of_its_user_were()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        var thief = new LoginBrowser();
        await thief.GetAsync("/remember/anna/14", a);
        await b.Services.GetRequiredService<ISessionManager>().EndAllAsync("anna");
        Time.Advance(TimeSpan.FromDays(3));
        await b.Services.GetRequiredService<ISessionManager>().EndAllAsync("bob");
        Time.Advance(TimeSpan.FromDays(10));
        await b.Services.GetRequiredService<ISessionManager>().EndAllAsync("bob");
        foreach (var node in new[] { a, b, await StartAsync() })
        {
            Assert.Equal("nobody", await thief.GetAsync("/me", node));
        }
    }

    [Fact]
    public async Task Login_that_says_more_than_the_longest_life_ends_with_that_and_is_warned_of()
    {
        var node = await StartAsync();
        var browser = new LoginBrowser();
        await browser.GetAsync("/remember/anna/40", node);
        Assert.Equal(1, Logs.Count("TicketCut"));
        Time.Advance(TimeSpan.FromDays(14.1));
        Assert.Equal("nobody", await Time.DriveAsync(browser.GetAsync("/me", node)));
        var longer = await StartAsync(options: options => options.LongestTicketLife = TimeSpan.FromDays(60));
        await Time.DriveAsync(browser.GetAsync("/remember/anna/40", longer));
        Time.Advance(TimeSpan.FromDays(15));
        Assert.Equal("anna", await Time.DriveAsync(browser.GetAsync("/me", longer)));
        Assert.Equal(1, Logs.Count("TicketCut"));
    }

    [Fact]
    public async Task Sliding_prolongs_the_login_under_the_same_key_on_every_node()
    {
        var (a, b) = (await StartAsync(cookie: Short), await StartAsync(cookie: Short));
        var browser = await LogInAsync("anna", a);
        var tab = browser.Copy();
        for (var i = 0; i < 6; i++)
        {
            Time.Advance(TimeSpan.FromMinutes(40));
            Assert.Equal("anna", await browser.GetAsync("/me", i % 2 == 0 ? b : a));
            Assert.True(browser.LastSetLogin);
            Assert.Equal("anna", await tab.GetAsync("/me", i % 2 == 0 ? a : b));
        }

        Time.Advance(TimeSpan.FromMinutes(61));
        Assert.Equal("nobody", await browser.GetAsync("/me", a));

        static void Short(CookieAuthenticationOptions options) => options.ExpireTimeSpan = TimeSpan.FromHours(1);
    }

    [Fact]
    public async Task Sliding_that_is_under_way_while_all_logins_are_ended_stores_nothing_and_sends_no_cookie()
    {
        var gate = new RequestGate();
        var node = await StartAsync(
            cookie: options => options.ExpireTimeSpan = TimeSpan.FromHours(1),
            before: gate.Use
        );
        var browser = await LogInAsync("anna", node);
        Time.Advance(TimeSpan.FromMinutes(40));
        gate.Close();
        var slow = browser.GetAsync("/me", node);
        await gate.Entered;
        await node.Services.GetRequiredService<ISessionManager>().EndAllAsync("anna");
        gate.Open();
        await slow;
        Assert.False(browser.LastSetLogin);
        Assert.Equal("nobody", await browser.GetAsync("/me", node));
    }

    [Fact]
    public async Task Sign_out_of_a_request_that_was_aborted_ends_the_login()
    {
        var node = await StartAsync();
        var store = node
            .Services.GetRequiredService<IOptionsMonitor<CookieAuthenticationOptions>>()
            .Get("Cookies")
            .SessionStore!;
        var aborted = new CancellationToken(canceled: true);
        var context = new DefaultHttpContext { RequestServices = node.Services, RequestAborted = aborted };
        var user = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, "anna")], "test"));
        var ticket = new AuthenticationTicket(user, new() { ExpiresUtc = Time.GetUtcNow().AddHours(1) }, "Cookies");
        var key = await store.StoreAsync(ticket, context, aborted);
        Assert.NotNull(await store.RetrieveAsync(key, context, aborted));
        await store.RenewAsync(key, ticket, context, aborted);
        await store.RemoveAsync(key, context, aborted);
        Assert.Null(await store.RetrieveAsync(key, context, aborted));
    }

    [Fact]
    public async Task Session_store_of_the_application_stays()
    {
        var own = new MemoryTicketStore();
        var node = await StartAsync(cookie: options => options.SessionStore = own);
        var browser = await LogInAsync("anna", node);
        Assert.Equal("anna", await browser.GetAsync("/me", node));
        Assert.Single(own.Tickets);
        Assert.Same(
            own,
            node.Services.GetRequiredService<IOptionsMonitor<CookieAuthenticationOptions>>().Get("Cookies").SessionStore
        );
    }

    [Fact]
    public async Task Every_request_gets_a_ticket_of_its_own()
    {
        var node = await StartAsync(services: services =>
            services.AddSingleton<IClaimsTransformation, AddingTransformation>()
        );
        var browser = await LogInAsync("anna", node);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal("anna", await browser.GetAsync("/me", node));
        }

        Assert.Equal([1, 1, 1, 1], AddingTransformation.Seen); // The sign-in asks too: who will later requests see?
    }

    [Fact]
    public async Task Store_and_its_copies_hold_nothing_of_the_ticket_in_plain()
    {
        var node = await StartAsync();
        var browser = await LogInAsync("anna-who-is-looked-for", node);
        Assert.Equal("anna-who-is-looked-for", await browser.GetAsync("/me", node));
        var copies = node.Services.GetRequiredService<ClusterSession.Local.LocalCopies>();
        var record = Assert.Single(copies.All()).Value.Record;
        foreach (var attribute in record)
        {
            Assert.True(attribute.Payload.IndexOf("anna"u8) < 0, attribute.Name);
        }

        Assert.True(record.TryFind("\0ticket", out _), "the ticket is there");
    }

    [Fact]
    public async Task Setting_of_the_longest_life_is_checked()
    {
        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() =>
            StartAsync(options: options => options.LongestTicketLife = TimeSpan.FromSeconds(1))
        );
        Assert.Contains("LongestTicketLife", failure.Message, StringComparison.Ordinal);
    }
}
