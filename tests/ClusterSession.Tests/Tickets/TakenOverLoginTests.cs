using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Tickets;

/// <summary>Logins whose cookie holds the whole ticket, from before the ticket store.</summary>
public sealed class TakenOverLoginTests : TicketNodeTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Login_of_before_counts_on_every_node_and_is_ended_by_its_sign_out(bool isStoreFirst)
    {
        var old = await StartAsync(hasTicketStore: false);
        var (a, b) = (await StartAsync(isStoreFirst: isStoreFirst), await StartAsync(isStoreFirst: isStoreFirst));
        var browser = await LogInAsync("anna", old);
        var stolen = browser.Copy();
        Assert.Equal("anna", await browser.GetAsync("/secret", a));
        Assert.Equal("anna", await browser.GetAsync("/secret", b));
        await browser.GetAsync("/logout", b);
        Assert.Equal("nobody", await stolen.GetAsync("/me", a));
        Assert.Equal("nobody", await stolen.GetAsync("/me", b));
    }

    [Fact]
    public async Task Logins_of_before_are_ended_with_all_of_their_user_whether_they_were_used_since_or_not()
    {
        var old = await StartAsync(hasTicketStore: false);
        var (a, b) = (await StartAsync(), await StartAsync());
        var (used, unused, other) = (await LogInAsync("anna", old), await LogInAsync("anna", old), await LogInAsync("bob", old));
        Assert.Equal("anna", await used.GetAsync("/me", a));
        Time.Advance(TimeSpan.FromSeconds(2));
        await b.Services.GetRequiredService<ISessionManager>().EndAllAsync("anna");
        foreach (var node in new[] { a, b })
        {
            Assert.Equal("nobody", await used.Copy().GetAsync("/me", node));
            Assert.Equal("nobody", await unused.Copy().GetAsync("/me", node));
            Assert.Equal("bob", await other.GetAsync("/me", node));
        }
    }

    [Fact]
    public async Task Login_of_before_is_stored_once_and_read_from_the_copy_after_that()
    {
        var old = await StartAsync(hasTicketStore: false, store: new InMemorySessionStore(Sessions));
        var counting = new CountingStore(new InMemorySessionStore(Sessions));
        var node = await StartAsync(store: counting);
        var browser = await LogInAsync("anna", old);
        Assert.Equal("anna", await browser.GetAsync("/me", node));
        Assert.Equal(1, counting.Count(StoreOperations.Merge));
        counting.Reset();
        Assert.Equal("anna", await browser.GetAsync("/me", node));
        Assert.Equal(0, counting.Count(StoreOperations.All));
    }

    [Fact]
    public async Task Login_of_before_slides_into_a_reference_and_expires_as_it_says()
    {
        var old = await StartAsync(hasTicketStore: false, cookie: Short);
        var (a, b) = (await StartAsync(cookie: Short), await StartAsync(cookie: Short));
        var (browser, idle) = (await LogInAsync("anna", old), await LogInAsync("anna", old));
        var whole = browser.Login!.Length;
        Time.Advance(TimeSpan.FromMinutes(40));
        Assert.Equal("anna", await browser.GetAsync("/me", a));
        Assert.True(browser.Login.Length < whole, "the cookie is a reference now");
        Time.Advance(TimeSpan.FromMinutes(40));
        Assert.Equal("anna", await browser.GetAsync("/me", b));
        Assert.Equal("nobody", await idle.GetAsync("/me", b));

        static void Short(CookieAuthenticationOptions options) => options.ExpireTimeSpan = TimeSpan.FromHours(1);
    }
}
