using System.Net;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Servers;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using ClusterSession.Touching;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Lifetime;

/// <summary>
/// The idle timeout is kept: 20 minutes, with a touch interval of one minute and a minute for the
/// longest request. No session ends early, and none is served for long after it.
/// </summary>
public sealed class IdleTests : NodeTests
{
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(20);
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(75); // 1.25 touch intervals.
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private readonly List<TestNode> _started = [];

    [Fact]
    public async Task Node_of_the_last_use_refuses_a_session_a_second_after_the_idle_timeout_and_ends_it_once()
    {
        var (a, b) = (await NodeAsync(), await NodeAsync());
        var (late, early) = (await BeginAsync(a), await BeginAsync(a));
        await PassAsync(TimeSpan.FromSeconds(59)); // A use that the store is not told of.
        Assert.Equal(("red", "red"), (await late.GetAsync("/get/color"), await early.GetAsync("/get/color")));
        await PassAsync(Idle);
        Assert.Equal("red", await early.GetAsync("/get/color"));
        await PassAsync(Second);

        var thief = late.Copy();
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => late.Copy().GetAsync("/get/color")));
        Assert.All(answers, answer => Assert.Equal("", answer));
        Assert.Equal("", await late.GetAsync("/get/color"));
        Assert.Equal(1, Store.Count(StoreOperations.Destroy));
        Assert.Equal("", await thief.GetAsync("/get/color", b));
        Assert.Equal("", await thief.GetAsync("/get/color", await NodeAsync()));
        AssertNothingIsSaidOfALoss();
    }

    [Fact]
    public async Task Client_of_a_session_that_is_refused_begins_another()
    {
        var node = await NodeAsync();
        var browser = await BeginAsync(node);
        var id = browser.Id;
        await PassAsync(Idle + Second);
        await browser.GetAsync("/set/color/blue");
        Assert.NotEqual(id, browser.Id);
        Assert.Equal("blue", await browser.GetAsync("/get/color"));
    }

    [Fact]
    public async Task Node_that_did_not_see_the_last_use_refuses_within_its_slack_and_never_before()
    {
        var (a, b) = (await NodeAsync(), await NodeAsync());
        var (late, early) = (await BeginAsync(a), await BeginAsync(a));
        await PassAsync(TimeSpan.FromSeconds(59));
        await late.GetAsync("/get/color");
        await early.GetAsync("/get/color");
        // 20 minutes and 59 seconds after the last prolongation, which is all that b can ask for.
        await PassAsync(Idle);
        Assert.Equal("red", await early.GetAsync("/get/color", b));
        await PassAsync(Slack - TimeSpan.FromSeconds(58));
        Assert.Equal("", await late.GetAsync("/get/color", b));
        Assert.False(late.LastSetCookie);
        AssertNothingIsSaidOfALoss();
    }

    [Fact]
    public async Task Use_at_another_node_without_a_touch_counts_at_the_node_that_prolonged_the_session()
    {
        var (a, b) = (await NodeAsync(), await NodeAsync());
        var (early, late, there) = (await BeginAsync(a), await BeginAsync(a), await BeginAsync(a));
        await PassAsync(TimeSpan.FromSeconds(30));
        foreach (var browser in new[] { early, late, there })
        {
            Assert.Equal("red", await browser.GetAsync("/get/color", b));
        }

        await PassAsync(Idle);
        Assert.Equal("red", await early.GetAsync("/get/color", a)); // 20.5 minutes after its own use.
        await PassAsync(Second);
        Assert.Equal("", await there.GetAsync("/get/color", b));
        await PassAsync(Slack);
        Assert.Equal("", await late.GetAsync("/get/color", a));
        AssertNothingIsSaidOfALoss();
    }

    [Fact]
    public async Task Node_that_is_drained_reports_what_it_was_used_for()
    {
        var (a, b) = (await NodeAsync(), await NodeAsync());
        var browser = await BeginAsync(a);
        await PassAsync(TimeSpan.FromSeconds(30));
        await browser.GetAsync("/get/color", b);
        _started.Remove(b);
        await b.DrainAsync();
        await PassAsync(Idle);
        Assert.Equal("red", await browser.GetAsync("/get/color", a));
    }

    [Theory]
    [InlineData(30, 50)]
    [InlineData(50, 30)]
    [InlineData(5, 59)]
    public async Task Of_two_nodes_that_use_a_session_by_turns_the_last_one_keeps_the_timeout(int atA, int atB)
    {
        var (a, b) = (await NodeAsync(), await NodeAsync());
        var (early, late) = (await BeginAsync(a), await BeginAsync(a));
        var uses = new[] { (atA, a), (atB, b) }.OrderBy(use => use.Item1).ToArray();
        var passed = 0;
        foreach (var (second, node) in uses)
        {
            await PassAsync(TimeSpan.FromSeconds(second - passed));
            passed = second;
            await early.GetAsync("/get/color", node);
            await late.GetAsync("/get/color", node);
        }

        var (first, last) = (uses[0].Item2, uses[1].Item2);
        await PassAsync(Idle);
        Assert.Equal("red", await early.GetAsync("/get/color", first));
        await PassAsync(Second);
        Assert.Equal("", await late.GetAsync("/get/color", last));
        AssertNothingIsSaidOfALoss();
    }

    [Fact]
    public async Task Node_that_only_polls_does_not_refuse_a_session_that_another_node_uses()
    {
        var (a, b) = (await NodeAsync(), await NodeAsync());
        var browser = await BeginAsync(a);
        for (var minute = 0; minute < 60; minute++)
        {
            await PassAsync(TimeSpan.FromSeconds(59));
            Assert.Equal("red", await browser.GetAsync("/get/color", a));
            await PassAsync(Second);
            Assert.Equal("red", await browser.GetAsync("/poll", b));
        }

        await PassAsync(Idle - TimeSpan.FromSeconds(2));
        Assert.Equal("red", await browser.GetAsync("/poll", b));
        await PassAsync(TimeSpan.FromSeconds(3) + Slack);
        Assert.Equal("", await browser.GetAsync("/poll", b));
        AssertNothingIsSaidOfALoss();
    }

    [Fact]
    public async Task End_of_a_request_is_a_use()
    {
        var meeting = new Meeting();
        var node = await NodeAsync(
            options => options.IdleTimeout = TimeSpan.FromSeconds(3),
            Hold(meeting, _ => Task.CompletedTask)
        );
        var browser = await BeginAsync(node);
        var running = browser.Copy().GetAsync("/hold");
        await meeting.AreHereAsync(1);
        await PassAsync(TimeSpan.FromSeconds(2.5));
        meeting.GoOn();
        await running;
        await PassAsync(TimeSpan.FromSeconds(2));
        Assert.Equal("red", await browser.GetAsync("/get/color"));
        await PassAsync(TimeSpan.FromSeconds(4));
        Assert.Equal("", await browser.GetAsync("/get/color"));
    }

    [Fact]
    public async Task End_of_a_request_that_fails_is_a_use_and_the_end_of_a_poll_is_none()
    {
        var meeting = new Meeting();
        var node = await NodeAsync(endpoints: endpoints =>
        {
            Hold(meeting, _ => throw new InvalidOperationException("on purpose"))(endpoints);
            endpoints
                .MapGet("/hold-poll", (HttpContext _) => meeting.WaitAsync())
                .WithSessionAccess(SessionConcurrency.ReadOnly, prolongs: false);
        });
        var (failing, polling) = (await BeginAsync(node), await BeginAsync(node));
        var failed = Assert.ThrowsAnyAsync<Exception>(() => failing.Copy().GetAsync("/hold"));
        Task[] running = [failed, polling.Copy().GetAsync("/hold-poll")];
        await meeting.AreHereAsync(2);
        await PassAsync(Idle / 2);
        meeting.GoOn();
        await Task.WhenAll(running);
        await PassAsync((Idle / 2) + Second);
        Assert.Equal(("red", ""), (await failing.GetAsync("/get/color"), await polling.GetAsync("/get/color")));
    }

    [Fact]
    public async Task Commit_of_a_request_that_goes_on_is_a_use()
    {
        var (first, second) = (new Meeting(), new Meeting());
        var node = await NodeAsync(endpoints: Hold(first, async context =>
            {
                context.Session.SetString("headline", "1");
                await context.Session.CommitAsync();
                await second.WaitAsync();
            }));
        var browser = await BeginAsync(node);
        var running = browser.Copy().GetAsync("/hold");
        await first.AreHereAsync(1);
        await PassAsync(Idle - Second);
        first.GoOn();
        await second.AreHereAsync(1);
        await PassAsync(Idle - Second);
        Assert.Equal("color,headline", await browser.GetAsync("/keys"));
        second.GoOn();
        await running;
    }

    [Fact]
    public async Task Running_request_finds_the_end_of_a_refused_session_and_its_cookie_never_opens_it_again()
    {
        var meeting = new Meeting();
        var (a, b) = (await NodeAsync(endpoints: Hold(meeting, Late)), await NodeAsync());
        var browser = await BeginAsync(a);
        var thief = browser.Copy();
        var running = browser.Copy().GetAsync("/hold");
        await meeting.AreHereAsync(1);
        await PassAsync(Idle + Second);
        Assert.Equal("", await browser.GetAsync("/keys"));
        meeting.GoOn();
        await running;
        Assert.Equal(("", ""), (await thief.GetAsync("/keys"), await thief.GetAsync("/keys", b)));
        Assert.Equal(1, Store.Count(StoreOperations.Destroy));
        AssertNothingIsSaidOfALoss();
    }

    [Fact]
    public async Task Session_that_nobody_has_refused_lives_on_with_the_commit_of_a_running_request()
    {
        var meeting = new Meeting();
        var (a, b) = (await NodeAsync(endpoints: Hold(meeting, Late)), await NodeAsync());
        var browser = await BeginAsync(a);
        var running = browser.Copy().GetAsync("/hold");
        await meeting.AreHereAsync(1);
        await PassAsync(Idle + TimeSpan.FromMinutes(2));
        meeting.GoOn();
        await running;
        await PassAsync(Idle - Second);
        Assert.Equal("color,late", await browser.GetAsync("/keys", b));
        AssertNothingIsSaidOfALoss();
    }

    [Fact]
    public async Task Commit_that_comes_while_a_session_is_being_refused_keeps_it_alive()
    {
        var meeting = new Meeting();
        var gated = new GatedStore(new InMemorySessionStore(Sessions));
        var (a, b) = (await NodeAsync(endpoints: Hold(meeting, Late)), await NodeAsync(store: gated));
        var browser = await BeginAsync(a);
        var running = browser.Copy().GetAsync("/hold", a);
        await meeting.AreHereAsync(1);
        await PassAsync(Idle + Slack + Second);
        gated.Holding = StoreOperations.Read;
        var refusing = browser.GetAsync("/keys", b);
        await Condition.HoldsAsync(() => gated.Held == 1, "the other node has read the session");
        meeting.GoOn();
        await running;
        gated.Open();
        Assert.Equal("color,late", await refusing);
    }

    [Fact]
    public async Task Without_the_store_a_node_refuses_what_it_knows_to_be_idle_and_sends_the_end_later()
    {
        var faulty = new FaultyStore(new InMemorySessionStore(Sessions));
        var (a, b) = (await NodeAsync(store: faulty), await NodeAsync());
        var (own, others) = (await BeginAsync(a), await BeginAsync(b));
        await others.GetAsync("/poll", a);
        await PassAsync(Idle + Second);
        faulty.Failing = StoreOperations.All;
        var thief = own.Copy();
        Assert.Equal("", await own.GetAsync("/keys", a));
        Assert.Equal(HttpStatusCode.OK, own.LastStatus);
        await others.GetAsync("/keys", a); // Whether anybody has used it nobody says.
        Assert.Equal(HttpStatusCode.ServiceUnavailable, others.LastStatus);

        faulty.Failing = StoreOperations.None;
        await HoldsInTimeAsync(async () => await thief.Copy().GetAsync("/poll", b) == "", "the store knows the end");
        Assert.Equal("", await thief.GetAsync("/keys", a));
        AssertNothingIsSaidOfALoss();
    }

    [Fact]
    public async Task What_a_node_has_committed_serves_in_an_outage_by_its_age_and_not_by_the_wall_clock()
    {
        var faulty = new FaultyStore(new InMemorySessionStore(Sessions));
        var node = await NodeAsync(options => options.LocalCopies.MaxCount = 0, store: faulty);
        var browser = await BeginAsync(node);
        faulty.Failing = StoreOperations.All;
        Time.SetUtcNow(Time.GetUtcNow().AddHours(1));
        Assert.Equal("red", await browser.GetAsync("/get/color"));
        Time.SetUtcNow(Time.GetUtcNow().AddHours(-3));
        Time.Advance(Idle + Second);
        await browser.GetAsync("/get/color");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, browser.LastStatus);
    }

    [Fact]
    public async Task Wall_clock_that_is_set_ends_no_session_and_keeps_none()
    {
        var (a, b) = (await NodeAsync(), await NodeAsync());
        foreach (var hours in new[] { 5, -10 })
        {
            var (early, late, other) = (await BeginAsync(a), await BeginAsync(a), await BeginAsync(a));
            Time.SetUtcNow(Time.GetUtcNow().AddHours(hours));
            await PassAsync(Idle);
            Assert.Equal("red", await early.GetAsync("/get/color", a));
            Assert.Equal("red", await early.GetAsync("/get/color", b));
            await PassAsync(Second);
            Assert.Equal("", await late.GetAsync("/get/color", a));
            await PassAsync(Slack);
            Assert.Equal("", await other.GetAsync("/get/color", b));
        }
    }

    [Fact]
    public async Task While_nodes_have_different_timeouts_the_longer_one_of_those_that_used_a_session_holds()
    {
        var (shorter, longer) = (await NodeAsync(), await NodeAsync(options => options.IdleTimeout = 2 * Idle));
        var (ofShorter, ofLonger) = (await BeginAsync(shorter), await BeginAsync(longer));
        await PassAsync(Idle);
        Assert.Equal("red", await ofShorter.Copy().GetAsync("/poll", longer));
        Assert.Equal("red", await ofShorter.GetAsync("/get/color", shorter));
        await PassAsync(Idle - TimeSpan.FromMinutes(3)); // 37 minutes after the use at the node with 40.
        Assert.Equal("red", await ofLonger.GetAsync("/get/color", shorter));
        Assert.Equal("red", await ofShorter.GetAsync("/get/color", longer));
        await PassAsync(2 * Idle);
        Assert.Equal("red", await ofShorter.GetAsync("/get/color", longer));
        AssertNothingIsSaidOfALoss();
    }

    [Fact]
    public async Task Without_local_copies_no_session_ends_early_and_none_is_served_after_the_slack()
    {
        var (a, b) = (await NodeAsync(WithoutCopies), await NodeAsync(WithoutCopies));
        var (early, late) = (await BeginAsync(a), await BeginAsync(a));
        await PassAsync(TimeSpan.FromSeconds(50));
        await early.GetAsync("/get/color", a);
        await late.GetAsync("/get/color", a);
        await PassAsync(Idle);
        Assert.Equal("red", await early.GetAsync("/get/color", b));
        await PassAsync(Slack + Second);
        Assert.Equal("", await late.GetAsync("/get/color", a));

        static void WithoutCopies(ClusterSessionOptions options) => options.LocalCopies.MaxCount = 0;
    }

    [Fact]
    public async Task Touch_interval_as_long_as_the_timeout_ends_no_session_early()
    {
        var (a, b) = (await NodeAsync(Seldom), await NodeAsync(Seldom));
        var browser = await BeginAsync(a);
        await PassAsync(Idle - TimeSpan.FromMinutes(1));
        Assert.Equal("red", await browser.GetAsync("/get/color", b));
        await PassAsync(Idle - TimeSpan.FromMinutes(1));
        Assert.Equal("red", await browser.GetAsync("/get/color", a));

        static void Seldom(ClusterSessionOptions options) => options.TouchInterval = options.IdleTimeout;
    }

    [Fact]
    public async Task Use_that_the_store_hears_of_late_prolongs_the_session_by_no_more()
    {
        var faulty = new FaultyStore(new InMemorySessionStore(Sessions));
        var (a, b) = (await NodeAsync(store: faulty), await NodeAsync());
        var browser = await BeginAsync(a);
        faulty.Failing = StoreOperations.All;
        await PassAsync(TimeSpan.FromMinutes(2));
        Assert.Equal("red", await browser.GetAsync("/get/color", a));
        await PassAsync(TimeSpan.FromMinutes(15));
        faulty.Failing = StoreOperations.None;
        await PassAsync(TimeSpan.FromMinutes(5) + Slack + Second);
        Assert.Equal("", await browser.GetAsync("/get/color", b));
    }

    [Fact]
    public async Task Session_that_is_restored_in_a_store_that_lost_it_ends_when_it_would_have_ended()
    {
        var (a, b) = (await NodeAsync(), await NodeAsync());
        var browser = await BeginAsync(a);
        await PassAsync(TimeSpan.FromMinutes(15));
        Sessions.Clear();
        Assert.Equal("red", await browser.Copy().GetAsync("/poll", a)); // Finds the loss, and stores the session again.
        Assert.Equal(1, Logs.Count("StoreLostSession"));
        await PassAsync(TimeSpan.FromMinutes(5) + Second);
        Assert.Equal("", await browser.Copy().GetAsync("/poll", a));
        Assert.Equal("", await browser.GetAsync("/poll", b));
    }

    private static async Task<TestBrowser> BeginAsync(TestNode node)
    {
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        return browser;
    }

    private static Action<IEndpointRouteBuilder> Hold(Meeting meeting, Func<HttpContext, Task> then) =>
        endpoints => endpoints.MapGet("/hold", async (HttpContext context) =>
            {
                await meeting.WaitAsync();
                await then(context);
            });

    private static Task Late(HttpContext context)
    {
        context.Session.SetString("late", "1");
        return Task.CompletedTask;
    }

    private async Task<TestNode> NodeAsync(
        Action<ClusterSessionOptions>? options = null,
        Action<IEndpointRouteBuilder>? endpoints = null,
        IClusterSessionStore? store = null
    )
    {
        var node = await StartAsync(
            builder =>
            {
                endpoints?.Invoke(builder);
                builder
                    .MapGet("/poll", (HttpContext context) => context.Session.GetString("color") ?? "")
                    .WithSessionAccess(SessionConcurrency.ReadOnly, prolongs: false);
            },
            options,
            store
        );
        _started.Add(node);
        return node;
    }

    /// <summary>Lets time pass, in steps in which every node sends what is due.</summary>
    private async Task PassAsync(TimeSpan time)
    {
        var step = TimeSpan.FromSeconds(5);
        for (var left = time; left > TimeSpan.Zero; left -= step)
        {
            Time.Advance(left < step ? left : step);
            foreach (var node in _started)
            {
                await node.Services.GetRequiredService<SessionTouches>().FlushAsync(default);
            }
        }
    }

    private void AssertNothingIsSaidOfALoss() =>
        Assert.Equal(
            (0, 0, 0),
            (Logs.Count("SessionRegressed"), Logs.Count("StoreLostSession"), Logs.Count("StoreLostCommit"))
        );
}
