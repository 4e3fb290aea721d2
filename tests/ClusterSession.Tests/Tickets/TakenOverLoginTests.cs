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
    public async Task Earlier_login_counts_on_every_node_and_is_ended_by_its_sign_out(bool isStoreFirst)
    {
        var old = await StartAsync(hasTicketStore: false);
        var (a, b) = (await StartAsync(isStoreFirst: isStoreFirst), await StartAsync(isStoreFirst: isStoreFirst));
        var browser = await LogInAsync("anna", old);
        var stolen = browser.Copy();
        Assert.Equal("anna", await Time.DriveAsync(browser.GetAsync("/secret", a)));
        Assert.Equal("anna", await Time.DriveAsync(browser.GetAsync("/secret", b)));
        await Time.DriveAsync(browser.GetAsync("/logout", b));
        Assert.Equal("nobody", await Time.DriveAsync(stolen.GetAsync("/me", a)));
        Assert.Equal("nobody", await Time.DriveAsync(stolen.GetAsync("/me", b)));
    }

    [Fact]
    public async Task Earlier_logins_are_ended_with_all_of_their_user_whether_they_were_used_since_or_not()
    {
        var old = await StartAsync(hasTicketStore: false);
        var (a, b) = (await StartAsync(), await StartAsync());
        var (used, unused, other) = (
            await LogInAsync("anna", old),
            await LogInAsync("anna", old),
            await LogInAsync("bob", old)
        );
        Assert.Equal("anna", await Time.DriveAsync(used.GetAsync("/me", a)));
        Time.Advance(TimeSpan.FromSeconds(2));
        await b.Services.GetRequiredService<ISessionManager>().EndAllAsync("anna");
        foreach (var node in new[] { a, b })
        {
            Assert.Equal("nobody", await Time.DriveAsync(used.Copy().GetAsync("/me", node)));
            Assert.Equal("nobody", await Time.DriveAsync(unused.Copy().GetAsync("/me", node)));
            Assert.Equal("bob", await Time.DriveAsync(other.GetAsync("/me", node)));
        }
    }

    [Fact]
    public async Task Earlier_login_is_stored_once_and_read_from_the_copy_after_that()
    {
        var old = await StartAsync(hasTicketStore: false, store: new InMemorySessionStore(Sessions));
        var counting = new CountingStore(new InMemorySessionStore(Sessions));
        var node = await StartAsync(store: counting);
        var browser = await LogInAsync("anna", old);
        Assert.Equal("anna", await Time.DriveAsync(browser.GetAsync("/me", node)));
        Assert.Equal(1, counting.Count(StoreOperations.Merge));
        counting.Reset();
        Assert.Equal("anna", await Time.DriveAsync(browser.GetAsync("/me", node)));
        Assert.Equal(0, counting.Count(StoreOperations.All));
    }

    [Fact]
    public async Task Earlier_login_slides_into_a_reference_and_expires_as_it_says()
    {
        var old = await StartAsync(hasTicketStore: false, cookie: Short);
        var (a, b) = (await StartAsync(cookie: Short), await StartAsync(cookie: Short));
        var (browser, idle) = (await LogInAsync("anna", old), await LogInAsync("anna", old));
        var whole = browser.Login!.Length;
        Time.Advance(TimeSpan.FromMinutes(40));
        Assert.Equal("anna", await Time.DriveAsync(browser.GetAsync("/me", a)));
        Assert.True(browser.Login.Length < whole, "the cookie is a reference now");
        Time.Advance(TimeSpan.FromMinutes(40));
        Assert.Equal("anna", await Time.DriveAsync(browser.GetAsync("/me", b)));
        Assert.Equal("nobody", await Time.DriveAsync(idle.GetAsync("/me", b)));

        static void Short(CookieAuthenticationOptions options) => options.ExpireTimeSpan = TimeSpan.FromHours(1);
    }

    [Fact]
    public async Task While_nodes_are_changed_one_by_one_logins_count_on_nodes_of_the_steps_before_and_after()
    {
        var before = await StartAsync(hasTicketStore: false);
        var first = await StartAsync(options: options => options.WholeLoginCookies = true);
        var second = await StartAsync();
        foreach (var (at, others) in new[] { (before, new[] { first }), (first, [before, second]), (second, [first]) })
        {
            var browser = await LogInAsync("anna", at);
            Assert.Equal("anna", await Time.DriveAsync(browser.GetAsync("/me", at)));
            foreach (var other in others)
            {
                Assert.Equal("anna", await Time.DriveAsync(browser.Copy().GetAsync("/me", other)));
            }
        }
    }

    [Fact]
    public async Task Login_with_a_whole_cookie_has_a_new_key_at_each_sign_in_slides_and_is_ended_as_any_other()
    {
        static void Short(CookieAuthenticationOptions options) => options.ExpireTimeSpan = TimeSpan.FromHours(1);
        static void Whole(ClusterSessionOptions options) => options.WholeLoginCookies = true;
        var before = await StartAsync(hasTicketStore: false, cookie: Short);
        var (a, b) = (await StartAsync(cookie: Short, options: Whole), await StartAsync(cookie: Short, options: Whole));
        var browser = await LogInAsync("anna", a);
        var annas = browser.Copy();
        await Time.DriveAsync(browser.GetAsync("/login/bob", b));
        Assert.Equal("bob", await Time.DriveAsync(browser.GetAsync("/me", a)));
        Assert.Equal("nobody", await Time.DriveAsync(annas.GetAsync("/me", a)));
        Time.Advance(TimeSpan.FromMinutes(40));
        var slid = browser.Copy();
        Assert.Equal("bob", await Time.DriveAsync(browser.GetAsync("/me", a)));
        Assert.NotEqual(slid.Login, browser.Login);
        Assert.Equal("bob", await Time.DriveAsync(browser.Copy().GetAsync("/me", before)));
        Assert.Equal("bob", await Time.DriveAsync(slid.GetAsync("/me", b))); // Under way meanwhile.
        Time.Advance(TimeSpan.FromMinutes(40));
        Assert.Equal("bob", await Time.DriveAsync(browser.GetAsync("/me", b)));
        await b.Services.GetRequiredService<ISessionManager>().EndAllAsync("bob");
        Assert.Equal("nobody", await Time.DriveAsync(browser.Copy().GetAsync("/me", a)));
        var again = await LogInAsync("bob", a);
        var stolen = again.Copy();
        await Time.DriveAsync(again.GetAsync("/logout", b));
        Assert.Equal("nobody", await Time.DriveAsync(stolen.GetAsync("/me", a)));
    }
}
