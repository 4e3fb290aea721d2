using System.Net;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Tickets;

/// <summary>The store of the logins is not responding.</summary>
public sealed class TicketOutageTests : TicketNodeTests
{
    public static TheoryData<string, ServerKind> Orders =>
        new()
        {
            { "none", ServerKind.TestServer },
            { "none", ServerKind.Kestrel },
            { "authentication before routing", ServerKind.TestServer },
            { "error page", ServerKind.TestServer },
            { "developer page", ServerKind.TestServer },
        };

    [Theory]
    [MemberData(nameof(Orders))]
    public async Task Login_that_cannot_be_read_is_answered_with_503_and_no_login_page(string order, ServerKind kind)
    {
        var faulty = new FaultyStore(new InMemorySessionStore(Sessions));
        var (a, b) = (await StartAsync(), await StartAsync(kind, store: faulty, before: app => Use(app, order)));
        var browser = await LogInAsync("anna", a);
        faulty.Failing = StoreOperations.All;
        foreach (var path in new[] { "/secret", "/me", "/untouched" })
        {
            Assert.Equal("", await Time.DriveAsync(browser.GetAsync(path, b)));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, browser.LastStatus);
            Assert.Equal("2", browser.Last!.Headers.GetValues("Retry-After").Single());
            Assert.False(browser.LastSetLogin);
        }

        Assert.Equal("nobody", await new LoginBrowser().GetAsync("/me", b));
        Assert.True(Logs.Count("TicketsUnavailable") > 0, "it was logged");
        faulty.Failing = StoreOperations.None;
        await HoldsInTimeAsync(async () => await browser.GetAsync("/secret", b) == "anna", "the login is back");
    }

    [Theory]
    [InlineData("none")]
    [InlineData("error page")]
    [InlineData("developer page")]
    public async Task Sign_in_that_cannot_be_stored_is_answered_with_503(string order)
    {
        var faulty = new FaultyStore(new InMemorySessionStore(Sessions));
        var node = await StartAsync(store: faulty, before: app =>
        {
            Use(app, order);
            app.Map("/outside", outside => outside.Run(context => SignInAsync(context, "anna")));
        });
        faulty.Failing = StoreOperations.All;
        foreach (var path in new[] { "/login/anna", "/outside" })
        {
            var browser = new LoginBrowser();
            Assert.Equal("", await Time.DriveAsync(browser.GetAsync(path, node)));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, browser.LastStatus);
            Assert.True(browser.Last!.Headers.Contains("Retry-After"), "it says when to come again");
            Assert.Null(browser.Login);
        }
    }

    [Fact]
    public async Task Login_with_a_local_copy_is_served_on_and_slides_and_its_sign_out_is_sent_later()
    {
        var faulty = new FaultyStore(new InMemorySessionStore(Sessions));
        var (a, b) = (await StartAsync(store: faulty, cookie: Short), await StartAsync(cookie: Short));
        var browser = await LogInAsync("anna", a);
        faulty.Failing = StoreOperations.All;
        Time.Advance(TimeSpan.FromMinutes(40));
        Assert.Equal("anna", await Time.DriveAsync(browser.GetAsync("/me", a)));
        Assert.True(browser.LastSetLogin);
        var stolen = browser.Copy();
        await Time.DriveAsync(browser.GetAsync("/logout", a));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, browser.LastStatus);
        Assert.Equal("unknown", browser.Last!.Headers.GetValues("Session-Commit").Single());
        Assert.Null(browser.Login);
        Assert.Equal("nobody", await Time.DriveAsync(stolen.GetAsync("/me", a)));
        faulty.Failing = StoreOperations.None;
        await HoldsInTimeAsync(
            async () => await stolen.Copy().GetAsync("/me", b) == "nobody",
            "the sign-out has arrived"
        );

        static void Short(CookieAuthenticationOptions options) => options.ExpireTimeSpan = TimeSpan.FromHours(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task End_of_all_other_logins_that_cannot_keep_the_callers_own_is_a_503_and_ends_nothing(
        bool isReplyLost
    )
    {
        var faulty = new FaultyStore(new InMemorySessionStore(Sessions)) { IsReplyLost = isReplyLost };
        var (a, b) = (await StartAsync(store: faulty), await StartAsync());
        var (caller, other) = (await LogInAsync("anna", a), await LogInAsync("anna", b));
        faulty.Failing = StoreOperations.Commit;
        await Time.DriveAsync(caller.GetAsync("/others", a));
        faulty.Failing = StoreOperations.None;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, caller.LastStatus);
        await HoldsInTimeAsync(() => a.Unsaved() == 0, "what was kept is sent");
        foreach (var node in new[] { a, b })
        {
            Assert.Equal("anna", await caller.Copy().GetAsync("/me", node));
            Assert.Equal("anna", await other.Copy().GetAsync("/me", node));
        }
    }

    private static void Use(WebApplication app, string order)
    {
        switch (order)
        {
            case "authentication before routing":
                app.UseAuthentication();
                app.UseRouting();
                app.UseAuthorization();
                break;
            case "error page":
                app.UseExceptionHandler(error => error.Run(_ => Task.CompletedTask));
                app.UseAuthentication();
                app.UseAuthorization();
                break;
            case "developer page":
                app.UseDeveloperExceptionPage();
                app.UseAuthentication();
                app.UseAuthorization();
                break;
        }
    }
}
