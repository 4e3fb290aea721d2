using ClusterSession.Local;
using ClusterSession.Recovery;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Servers;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Http;

public sealed class RotationTests : NodeTests
{
    private readonly Meeting _meeting = new();

    [Fact]
    public async Task New_id_has_all_data_of_the_old_one_and_what_others_wrote_meanwhile()
    {
        var (a, b) = (await StartAsync(Map), await StartAsync());
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        var old = browser.Copy();
        var login = browser.GetAsync("/login");
        await _meeting.AreHereAsync(1);
        await browser.Copy().GetAsync("/set/theirs/1", b);
        _meeting.GoOn();
        await login;
        Assert.NotEqual(old.Id, browser.Id);
        Assert.Equal("color,theirs,user", await browser.GetAsync("/keys", b));
        Assert.Equal("", await old.GetAsync("/keys"));
        Assert.Equal("", await old.GetAsync("/keys", b));
    }

    [Fact]
    public async Task Old_id_is_dead_on_a_node_with_a_hot_local_copy_at_once()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        var thief = browser.Copy();
        Assert.Equal("red", await thief.GetAsync("/get/color", b));
        await browser.GetAsync("/rotate");
        Assert.Equal("", await thief.GetAsync("/get/color", b));
        Assert.Equal("", await thief.GetAsync("/get/color", a));
        await thief.GetAsync("/set/color/stolen", b);
        Assert.Equal("red", await browser.GetAsync("/get/color"));
    }

    [Fact]
    public async Task Rotating_a_new_session_is_nothing_and_rotating_twice_in_one_request_leaves_one_id()
    {
        var node = await StartAsync(endpoints =>
        {
            endpoints.MapGet("/new", (HttpContext context) => context.GetClusterSession().RotateIdAsync());
            endpoints.MapGet("/twice", async (HttpContext context) =>
            {
                await context.GetClusterSession().RotateIdAsync();
                await context.GetClusterSession().RotateIdAsync();
            });
        });
        var browser = node.Browser();
        await browser.GetAsync("/new");
        Assert.False(browser.LastSetCookie);
        await browser.GetAsync("/set/color/red");
        await browser.GetAsync("/twice");
        Assert.Equal("red", await browser.GetAsync("/get/color"));
        Assert.Single(browser.Last!.RequestMessage!.Headers.GetValues("Cookie"));
    }

    [Fact]
    public async Task Of_rotations_at_once_one_id_survives_and_no_loser_takes_the_winners_cookie_back()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        for (var round = 0; round < 20; round++)
        {
            var browser = a.Browser();
            await browser.GetAsync("/set/color/red");
            var tabs = Enumerable.Range(0, 6).Select(_ => browser.Copy()).ToArray();
            await Task.WhenAll(tabs.Select((tab, i) => Task.Run(() => tab.GetAsync("/rotate", i % 2 == 0 ? a : b))));
            Assert.All(tabs, tab => Assert.Equal(200, (int)tab.LastStatus));
            var winner = Assert.Single(tabs, tab => tab.LastSetCookie);
            Assert.NotEqual(browser.Id, winner.Id);
            Assert.Equal("red", await winner.GetAsync("/get/color"));
            Assert.Equal("", await browser.GetAsync("/get/color"));
        }
    }

    [Fact]
    public async Task Login_that_is_sent_twice_at_once_leaves_the_client_one_session_whatever_the_losers_write()
    {
        var node = await StartAsync(endpoints => endpoints.MapGet("/login", async (HttpContext context) =>
            {
                await _meeting.WaitAsync();
                await context.GetClusterSession().RotateIdAsync();
                context.Session.SetString("user", "ada");
            }));
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        var tabs = Enumerable.Range(0, 4).Select(_ => browser.Copy()).ToArray();
        var running = tabs.Select(tab => tab.GetAsync("/login")).ToArray();
        await _meeting.AreHereAsync(tabs.Length);
        _meeting.GoOn();
        await Task.WhenAll(running);
        var winner = Assert.Single(tabs, tab => tab.LastSetCookie);
        Assert.Equal("color,user", await winner.GetAsync("/keys"));
    }

    [Fact]
    public async Task Request_that_overlaps_a_rotation_does_not_take_the_new_cookie_back()
    {
        var node = await StartAsync(endpoints => endpoints.MapGet("/slow", async (HttpContext context) =>
            {
                context.Session.SetString("slow", "1");
                await _meeting.WaitAsync();
            }));
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        var (slow, late) = (browser.Copy(), browser.Copy());
        var running = slow.GetAsync("/slow");
        await _meeting.AreHereAsync(1);
        await browser.GetAsync("/rotate");
        _meeting.GoOn();
        await running;
        await late.GetAsync("/get/color");
        Assert.False(slow.LastSetCookie);
        Assert.False(late.LastSetCookie);
        Assert.Equal(503, (int)slow.LastStatus); // Nobody is logged in: what it wrote is not dropped in silence.
        Assert.Equal("not-committed", Assert.Single(slow.Last!.Headers.GetValues("Session-Commit")));
        Assert.Equal("color", await browser.GetAsync("/keys"));
    }

    [Fact]
    public async Task What_another_node_commits_while_the_id_changes_goes_along()
    {
        var gated = new GatedStore(new InMemorySessionStore(Sessions));
        var (a, b) = (await StartAsync(store: gated), await StartAsync());
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        gated.Holding = StoreOperations.Merge;
        var rotating = browser.Copy();
        var rotation = rotating.GetAsync("/rotate");
        await Condition.HoldsAsync(() => gated.Held == 1, "the new id is stored");
        await browser.GetAsync("/set/theirs/1", b);
        gated.Open();
        await rotation;
        Assert.Equal("color,theirs", await rotating.GetAsync("/keys"));
        Assert.Equal("color,theirs", await rotating.GetAsync("/keys", b));
        Assert.Equal("", await browser.GetAsync("/keys", b));
    }

    [Theory]
    [InlineData(StoreOperations.Destroy)] // the end of the old id
    [InlineData(StoreOperations.Merge)] // what the other node committed, on its way to the new one
    public async Task What_another_node_commits_while_the_id_changes_goes_along_though_an_answer_is_missing(
        StoreOperations failing
    )
    {
        var gated = new GatedStore(new InMemorySessionStore(Sessions));
        var faulty = new FaultyStore(gated);
        var (a, b) = (await StartAsync(store: faulty), await StartAsync());
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        gated.Holding = StoreOperations.Merge;
        var rotating = browser.Copy();
        var rotation = rotating.GetAsync("/rotate");
        await Condition.HoldsAsync(() => gated.Held == 1, "the new id is stored");
        await browser.GetAsync("/set/theirs/1", b);
        Time.Advance(TimeSpan.FromSeconds(1));
        faulty.Failing = failing;
        gated.Open();
        await Time.DriveAsync(rotation);
        faulty.Failing = StoreOperations.None;
        await HoldsInTimeAsync(() => a.Unsaved() == 0, "what is kept is sent");
        Assert.Equal("color,theirs", await rotating.GetAsync("/keys", b));
        Assert.Equal("color,theirs", await rotating.GetAsync("/keys"));
        Assert.Equal("", await browser.GetAsync("/keys", b));
    }

    [Fact]
    public async Task What_a_node_acknowledged_while_it_was_cut_off_follows_the_session_to_its_new_id()
    {
        var (faulty, a, b, browser) = await StartWithFaultyStoreAsync();
        faulty.Failing = StoreOperations.All;
        await browser.Copy().GetAsync("/set/theirs/1", a);
        Time.Advance(TimeSpan.FromSeconds(1));
        await browser.GetAsync("/rotate", b);
        Assert.Equal("color", await browser.GetAsync("/keys", b));
        faulty.Failing = StoreOperations.None;
        Assert.Equal(1, await SendJournalAsync(a));
        await HoldsInTimeAsync(() => a.Unsaved() == 0, "what went along to the new id is sent too");
        Assert.Equal("color,theirs", await browser.GetAsync("/keys", b));
        Assert.Equal("color,theirs", await browser.GetAsync("/keys", a));
    }

    [Fact]
    public async Task What_a_node_writes_under_the_old_id_after_it_was_changed_does_not_follow()
    {
        var (faulty, a, b, browser) = await StartWithFaultyStoreAsync();
        var thief = browser.Copy();
        faulty.Failing = StoreOperations.All;
        await browser.GetAsync("/rotate", b);
        Time.Advance(TimeSpan.FromSeconds(1));
        await thief.GetAsync("/set/color/stolen", a);
        faulty.Failing = StoreOperations.None;
        Assert.Equal(1, await SendJournalAsync(a));
        Assert.Equal("red", await browser.GetAsync("/get/color", b));
        Assert.Equal("red", await browser.GetAsync("/get/color", a));
    }

    [Fact]
    public async Task Id_cannot_change_after_the_headers_left_and_the_session_stays()
    {
        var node = await StartAsync(endpoints => endpoints.MapGet("/late", async (HttpContext context) =>
            {
                await context.Response.WriteAsync("early");
                await context.Response.Body.FlushAsync();
                await Assert.ThrowsAsync<InvalidOperationException>(() => context.GetClusterSession().RotateIdAsync());
            }));
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        await browser.GetAsync("/late");
        Assert.Equal("red", await browser.GetAsync("/get/color"));
    }

    [Fact]
    public async Task Ended_session_is_gone_on_every_node_its_cookie_is_taken_back_and_nothing_revives_it()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        var thief = browser.Copy();
        await thief.GetAsync("/get/color", b);
        await browser.GetAsync("/destroy");
        Assert.Null(browser.Cookie);
        Assert.True(browser.LastCookie!.Expires < DateTimeOffset.UnixEpoch.AddDays(1));
        Assert.Equal("", await thief.GetAsync("/get/color", b));
        Assert.Equal("", await thief.GetAsync("/get/color", a));
        Time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal("", await thief.Copy().GetAsync("/get/color", b));
    }

    [Fact]
    public async Task What_is_written_after_an_end_begins_a_session_with_a_new_id()
    {
        var node = await StartAsync(endpoints => endpoints.MapGet("/again", async (HttpContext context) =>
            {
                await context.GetClusterSession().DestroyAsync();
                Assert.Empty(context.Session.Keys);
                context.Session.SetString("fresh", "1");
            }));
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        var old = browser.Copy();
        await browser.GetAsync("/again");
        Assert.NotEqual(old.Id, browser.Id);
        Assert.Equal("fresh", await browser.GetAsync("/keys"));
        Assert.Equal("", await old.GetAsync("/keys"));
    }

    [Fact]
    public async Task Read_that_was_under_way_when_the_session_ended_leaves_no_copy_to_be_served()
    {
        var gated = new GatedStore(new InMemorySessionStore(Sessions));
        var a = await StartAsync(store: gated, endpoints: endpoints =>
            endpoints.MapGet("/logout", async (HttpContext context) =>
            {
                await _meeting.WaitAsync();
                await context.GetClusterSession().DestroyAsync();
            })
        );
        var b = await StartAsync();
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        var thief = browser.Copy();
        var ending = browser.GetAsync("/logout"); // Has opened the session, and ends it when it goes on.
        await _meeting.AreHereAsync(1);
        await browser.Copy().GetAsync("/set/color/blue", b); // The copy of a is stale now.
        gated.Holding = StoreOperations.Read;
        var reading = thief.GetAsync("/get/color");
        await Condition.HoldsAsync(() => gated.Held == 1, "the read's answer is on its way");
        _meeting.GoOn();
        await ending;
        gated.Open();
        Assert.Equal("", await reading); // It was read before the end, which was acknowledged before its answer came.
        Assert.Equal("", await thief.GetAsync("/get/color"));
    }

    private void Map(IEndpointRouteBuilder endpoints) => endpoints.MapGet("/login", async (HttpContext context) =>
        {
            context.Session.SetString("user", "ada");
            await _meeting.WaitAsync();
            await context.GetClusterSession().RotateIdAsync();
        });

    /// <summary>Node A, whose store can fail, node B, and a browser with a session.</summary>
    private async Task<(FaultyStore Store, TestNode A, TestNode B, TestBrowser Browser)> StartWithFaultyStoreAsync()
    {
        var store = new FaultyStore(new InMemorySessionStore(Sessions));
        var (a, b) = (await StartAsync(store: store), await StartAsync());
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        return (store, a, b, browser);
    }

    /// <summary>
    /// Sends what a node has kept; says of how many sessions that was. What else the node has asked
    /// of the failing store may have opened the circuit: then one operation a probe interval goes
    /// through.
    /// </summary>
    private async Task<int> SendJournalAsync(TestNode node)
    {
        var sender = node.Services.GetRequiredService<JournalSender>();
        var pending = node.Services.GetRequiredService<PendingSessions>().Keys.ToArray();
        await Condition.HoldsAsync(
            async () =>
            {
                Time.Advance(new OutageOptions().ProbeInterval);
                var sent = await Task.WhenAll(pending.Select(key => sender.SendAsync(key).AsTask()));
                return sent.All(isSent => isSent);
            },
            "what is pending is sent"
        );
        return pending.Length;
    }
}
