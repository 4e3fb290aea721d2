using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Servers;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Tickets;

/// <summary>All logins of somebody, and which of them are not among those that end.</summary>
public sealed class EndAllTicketTests : TicketNodeTests
{
    [Theory]
    [InlineData("/others")]
    [InlineData("/password")]
    public async Task Change_of_the_password_keeps_its_own_browser_logged_in_on_every_node_and_ends_all_others(
        string path
    )
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        var (mine, other, bobs) = (
            await LogInAsync("anna", a),
            await LogInAsync("anna", b),
            await LogInAsync("bob", a)
        );
        Assert.Equal("anna", await mine.GetAsync("/me", b));
        await mine.GetAsync(path, a);
        foreach (var node in new[] { b, a })
        {
            Assert.Equal("anna", await mine.GetAsync("/me", node));
            Assert.Equal("nobody", await other.Copy().GetAsync("/me", node));
            Assert.Equal("bob", await bobs.GetAsync("/me", node));
        }

        await Time.DriveAsync(a.EndAllAsync("anna"));
        Assert.Equal("nobody", await mine.Copy().GetAsync("/me", b));
    }

    [Fact]
    public async Task Reset_of_the_password_that_ends_all_and_logs_in_at_once_is_a_login_that_counts()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        var thief = await LogInAsync("anna", b);
        var browser = new LoginBrowser();
        await browser.GetAsync("/reset/anna", a);
        Assert.Equal("anna", await browser.GetAsync("/me", a));
        Assert.Equal("anna", await browser.GetAsync("/me", b));
        Assert.Equal("nobody", await thief.GetAsync("/me", a));
    }

    [Fact]
    public async Task Sign_in_that_began_before_the_end_is_a_login_that_has_ended()
    {
        var gate = new RequestGate();
        var (a, b) = (await StartAsync(before: gate.Use), await StartAsync());
        gate.Close();
        var browser = new LoginBrowser();
        var login = browser.GetAsync("/login/anna", a);
        await gate.Entered;
        await b.EndAllAsync("anna");
        await Condition.HoldsAsync(
            () => a.Services.GetRequiredService<ClusterSession.Revoking.Revocations>().Count == 1,
            "it has heard"
        );
        gate.Open();
        await login;
        Assert.Equal("nobody", await browser.GetAsync("/me", a));
    }
}
