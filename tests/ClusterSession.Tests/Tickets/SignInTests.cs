using ClusterSession.TestKit.Nodes;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Tickets;

/// <summary>Which key a login has: a new one at each sign-in, the same while it slides.</summary>
public sealed class SignInTests : TicketNodeTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Sign_in_of_another_person_has_a_new_key_and_the_old_one_is_dead_at_once(bool isStoreFirst)
    {
        var (a, b) = (await StartAsync(isStoreFirst: isStoreFirst), await StartAsync(isStoreFirst: isStoreFirst));
        var browser = await LogInAsync("anna", a);
        Assert.Equal("anna", await browser.GetAsync("/me", b));
        var before = browser.Copy();
        await browser.GetAsync("/login/bob", a);
        foreach (var node in new[] { a, b })
        {
            Assert.Equal("bob", await browser.GetAsync("/me", node));
            Assert.Equal("nobody", await before.Copy().GetAsync("/me", node));
        }
    }

    [Fact]
    public async Task Sign_out_and_sign_in_in_one_request_is_a_login()
    {
        var (a, b) = (await StartAsync(ServerKind.Kestrel), await StartAsync(ServerKind.Kestrel));
        var browser = await LogInAsync("anna", a);
        var before = browser.Copy();
        await browser.GetAsync("/switch/anna", b);
        foreach (var node in new[] { a, b })
        {
            Assert.Equal("anna", await browser.GetAsync("/me", node));
            Assert.Equal("nobody", await before.Copy().GetAsync("/me", node));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Sign_in_and_sign_out_in_one_request_leaves_no_login(bool hasLogin)
    {
        var node = await StartAsync();
        var browser = hasLogin ? await LogInAsync("anna", node) : new LoginBrowser();
        var before = browser.Copy();
        await browser.GetAsync("/twice/anna", node);
        Assert.Null(browser.Login);
        Assert.Equal("nobody", await before.GetAsync("/me", node));
    }

    [Fact]
    public async Task Requests_that_the_same_person_had_sent_by_then_are_served_for_a_grace_and_no_longer()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        var browser = await LogInAsync("anna", a);
        Assert.Equal("anna", await browser.GetAsync("/me", b));
        var tab = browser.Copy();
        await browser.GetAsync("/login/anna", a);
        Assert.NotEqual(tab.Login, browser.Login);
        Assert.Equal("anna", await tab.Copy().GetAsync("/me", a));
        Assert.Equal("anna", await tab.Copy().GetAsync("/me", b));
        Time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal("nobody", await tab.GetAsync("/me", a));
        Assert.Equal("nobody", await tab.GetAsync("/me", b));
        Assert.Equal("anna", await browser.GetAsync("/me", b));
    }

    [Fact]
    public async Task Keys_of_one_and_two_sign_ins_ago_are_both_served_within_the_grace()
    {
        var node = await StartAsync();
        var browser = await LogInAsync("anna", node);
        var twoAgo = browser.Copy();
        await browser.GetAsync("/login/anna", node);
        var oneAgo = browser.Copy();
        await browser.GetAsync("/login/anna", node);
        Assert.Equal(3, new[] { twoAgo.Login, oneAgo.Login, browser.Login }.Distinct().Count());
        foreach (var tab in new[] { browser, oneAgo, twoAgo })
        {
            Assert.Equal("anna", await tab.Copy().GetAsync("/secret", node));
        }

        Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("anna", await browser.Copy().GetAsync("/secret", node));
        Assert.Equal("nobody", await oneAgo.Copy().GetAsync("/me", node));
        Assert.Equal("nobody", await twoAgo.Copy().GetAsync("/me", node));
    }

    [Theory]
    [InlineData(ServerKind.TestServer)]
    [InlineData(ServerKind.Kestrel)]
    public async Task Browser_that_the_answer_to_its_sign_in_never_reached_learns_the_new_key_within_the_grace(
        ServerKind kind
    )
    {
        var (a, b) = (await StartAsync(kind), await StartAsync(kind));
        var browser = await LogInAsync("anna", a);
        await browser.Copy().GetAsync("/login/anna", a);
        Assert.Equal("anna", await browser.GetAsync("/me", b));
        Assert.True(browser.LastSetLogin);
        Time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal("anna", await browser.GetAsync("/me", b));
        Assert.False(browser.LastSetLogin);
    }

    [Fact]
    public async Task Sign_out_with_the_key_from_before_ends_the_login_that_it_leads_to()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        var browser = await LogInAsync("anna", a);
        var tab = browser.Copy();
        await browser.GetAsync("/login/anna", a);
        await tab.GetAsync("/logout", b);
        Assert.Null(tab.Login);
        Assert.Equal("nobody", await browser.GetAsync("/me", a));
    }

    [Fact]
    public async Task Key_from_before_leads_nowhere_once_all_logins_of_its_user_were_ended()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        var browser = await LogInAsync("anna", a);
        var tab = browser.Copy();
        await browser.GetAsync("/login/anna", a);
        await b.Services.GetRequiredService<ISessionManager>().EndAllAsync("anna");
        Assert.Equal("nobody", await tab.GetAsync("/me", a));
        Assert.Equal("nobody", await browser.GetAsync("/me", b));
    }

    [Fact]
    public async Task Slow_request_that_slides_after_the_sign_in_names_the_new_key()
    {
        var gate = new RequestGate();
        var node = await StartAsync(
            cookie: options => options.ExpireTimeSpan = TimeSpan.FromHours(1),
            before: gate.Use
        );
        var browser = await LogInAsync("anna", node);
        Time.Advance(TimeSpan.FromMinutes(40));
        var tab = browser.Copy();
        gate.Close();
        var slow = tab.GetAsync("/me", node);
        await gate.Entered;
        await browser.GetAsync("/login/anna", node);
        gate.Open();
        await slow;
        Assert.True(tab.LastSetLogin);
        Time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal("anna", await tab.GetAsync("/me", node));
    }

    [Fact]
    public async Task Slow_request_that_slides_after_the_sign_out_sends_no_cookie()
    {
        var gate = new RequestGate();
        var node = await StartAsync(
            cookie: options => options.ExpireTimeSpan = TimeSpan.FromHours(1),
            before: gate.Use
        );
        var browser = await LogInAsync("anna", node);
        Time.Advance(TimeSpan.FromMinutes(40));
        var tab = browser.Copy();
        gate.Close();
        var slow = tab.GetAsync("/me", node);
        await gate.Entered;
        await browser.GetAsync("/logout", node);
        gate.Open();
        await slow;
        Assert.False(tab.LastSetLogin);
        Assert.Equal("nobody", await tab.GetAsync("/me", node));
    }
}
