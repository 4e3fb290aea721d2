using System.Security.Cryptography;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Servers;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Opening;

/// <summary>
/// How long a request waits for its store over all its steps, by a clock that the tests move.
/// </summary>
public sealed class WaitingTests : NodeTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    /// <summary>For answers so quick that they do not count.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(100);

    private readonly SlowStore _slow;

    public WaitingTests() => _slow = new SlowStore(new InMemorySessionStore(Sessions), Time);

    [Theory]
    [InlineData("/set/size/xl", 200)]
    [InlineData("/commits", 200)]
    [InlineData("/rotate", 503)]
    [InlineData("/destroy", 503)]
    public async Task Store_that_answers_just_under_the_hard_timeout_holds_a_request_up_for_that_long_once(
        string path,
        int status
    )
    {
        var (browser, b) = await StartAsync();
        _slow.Delay = Limit * 0.99;
        await AnsweredInTimeAsync(browser.GetAsync(path, b));
        Assert.Equal(status, (int)browser.LastStatus);
    }

    [Theory]
    [InlineData(300)]
    [InlineData(450)]
    public async Task Steps_that_are_slow_one_by_one_are_counted_together(int milliseconds)
    {
        var (browser, b) = await StartAsync();
        _slow.Delay = TimeSpan.FromMilliseconds(milliseconds);
        await AnsweredInTimeAsync(browser.GetAsync("/commits", b));
        Assert.Equal(200, (int)browser.LastStatus);
    }

    [Fact]
    public async Task Commit_that_was_given_up_is_kept_and_counts_once()
    {
        var (browser, b) = await StartAsync();
        _slow.Delay = Limit * 0.99;
        await AnsweredInTimeAsync(browser.GetAsync("/set/size/xl", b));
        Assert.Equal(1, Logs.Count("CommitJournalled"));
        _slow.Delay = TimeSpan.Zero;
        await SentAsync(b);
        Assert.Equal("color,size", await browser.GetAsync("/keys", b));
        Assert.Equal("color,size", await browser.Copy().GetAsync("/keys"));
    }

    [Fact]
    public async Task Journal_whose_sender_waits_for_the_store_holds_no_request_up_for_longer()
    {
        var faulty = new FaultyStore(new InMemorySessionStore(Sessions));
        var gated = new GatedStore(faulty);
        var node = await StartAsync(options: ManyFailures, store: gated);
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        (faulty.Failing, gated.Holding) = (StoreOperations.Commit, StoreOperations.Merge);
        await browser.GetAsync("/set/size/xl");
        await Condition.HoldsAsync(() => Elapse(gated.Held > 0), "the journal is being sent");

        await Time.DriveAsync(browser.GetAsync("/set/shape/round"));
        Assert.Equal(200, (int)browser.LastStatus);

        faulty.Failing = StoreOperations.None;
        gated.Open();
        await SentAsync(node);
        Assert.Equal("color,shape,size", await browser.GetAsync("/keys"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Client_of_a_session_that_others_may_be_recovering_is_shown_no_loss_when_its_time_is_over(
        int hardTimeoutSeconds
    )
    {
        var (browser, b, _, _) = await StartBehindAsync(TimeSpan.FromSeconds(hardTimeoutSeconds));

        await Time.DriveAsync(browser.GetAsync("/regressed", b));
        Assert.Equal(503, (int)browser.LastStatus);
        Assert.Equal(0, Logs.Count("SessionRegressed"));

        Time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal("True", await Time.DriveAsync(browser.GetAsync("/regressed", b)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(50)]
    [InlineData(100)]
    [InlineData(150)]
    [InlineData(300)]
    [InlineData(450)]
    public async Task Client_whose_commit_is_lost_is_shown_that_and_no_503_where_the_store_answers_slowly(
        int milliseconds
    )
    {
        var (browser, b, slow, _) = await StartBehindAsync(Limit);
        Time.Advance(TimeSpan.FromSeconds(11));
        slow.Delay = TimeSpan.FromMilliseconds(milliseconds);
        Assert.Equal("True", await Time.DriveAsync(browser.GetAsync("/regressed", b)));
    }

    [Fact]
    public async Task Client_is_shown_its_loss_at_the_second_try_where_the_store_leaves_no_time_to_ask_the_nodes()
    {
        var (browser, b, slow, _) = await StartBehindAsync(Limit);
        Time.Advance(TimeSpan.FromSeconds(11));
        slow.Delay = Limit * 0.6;
        await Time.DriveAsync(browser.GetAsync("/regressed", b));
        Assert.Equal(503, (int)browser.LastStatus);
        Assert.Equal("True", await Time.DriveAsync(browser.GetAsync("/regressed", b)));
    }

    [Fact]
    public async Task Client_that_was_shown_a_loss_is_asked_to_come_again_where_the_next_store_may_recover_it()
    {
        var (browser, b, _, behind) = await StartBehindAsync(Limit);
        Time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal("True", await Time.DriveAsync(browser.GetAsync("/regressed", b)));
        Assert.Equal("True", await browser.GetAsync("/regressed", b)); // Time stands still: a wait would not end.

        behind.Reconnect(new StoreContinuity(StoreLoss.Recent));
        await Time.DriveAsync(browser.GetAsync("/regressed", b));
        Assert.Equal(503, (int)browser.LastStatus);
    }

    [Fact]
    public async Task Commits_after_the_headers_have_left_each_have_the_time_of_a_request()
    {
        var (browser, b) = await StartAsync();
        await browser.GetAsync("/get/color", b);
        _slow.Delay = Limit * 0.6;
        await Time.DriveAsync(browser.GetAsync("/stream", b));
        Assert.Equal(0, Logs.Count("CommitJournalled"));
    }

    [Fact]
    public async Task Node_without_randomness_does_not_ask_for_ever_for_an_id_that_is_free()
    {
        await using var node = await TestNode.StartAsync(Store, services: services =>
            services.AddSingleton<RandomNumberGenerator>(new StuckRandom())
        );
        await node.Browser().GetAsync("/set/color/red");
        var browser = node.Browser();
        await browser.GetAsync("/set/color/blue");
        Assert.Equal(503, (int)browser.LastStatus);
        Assert.Equal("not-committed", Assert.Single(browser.Last!.Headers.GetValues("Session-Commit")));
    }

    /// <summary>
    /// A session that one node has made, and a second node on the slow store that has never seen
    /// it.
    /// </summary>
    private async Task<(TestBrowser Browser, TestNode B)> StartAsync()
    {
        var a = await StartAsync(options: null);
        var b = await StartAsync(
            endpoints =>
            {
                endpoints.MapGet("/commits", CommitsAsync);
                endpoints.MapGet("/stream", async (HttpContext context) =>
                {
                    await context.Response.StartAsync();
                    await CommitsAsync(context);
                });
            },
            ManyFailures,
            _slow
        );
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        await b.Browser().GetAsync("/set/warm/up");
        return (browser, b);
    }

    /// <summary>
    /// A node whose store was replaced just now by one that lacks the client's last commit.
    /// </summary>
    private async Task<(TestBrowser Browser, TestNode B, SlowStore Slow, ReplaceableStore Behind)> StartBehindAsync(
        TimeSpan hardTimeout
    )
    {
        var (browser, _) = await StartAsync();
        var behind = new ReplaceableStore(new InMemorySessionStore(Sessions));
        var slow = new SlowStore(behind, Time);
        var b = await StartAsync(options: options => options.Outage.HardTimeout = hardTimeout, store: slow);
        await browser.GetAsync("/get/color", b);
        var key = LossTests.KeyOf(browser);
        var record = (await Store.ReadAsync(key, default, default)).Record!;
        await browser.GetAsync("/set/size/xl");
        var former = new InMemorySessions(Time);
        var copy = new SessionMerge(record, record.Version, MergeMode.Create, TimeSpan.FromHours(1));
        await new InMemorySessionStore(former).MergeAsync(key, copy, default);
        behind.Replace(new InMemorySessionStore(former), new StoreContinuity(StoreLoss.Recent));
        return (browser, b, slow, behind);
    }

    private static async Task CommitsAsync(HttpContext context)
    {
        for (var i = 0; i < 3; i++)
        {
            context.Session.SetInt32("number", i);
            await context.Session.CommitAsync();
        }
    }

    /// <summary>
    /// Time passes only while the store is waited for; when the limit is over, the request must end
    /// without any more of it.
    /// </summary>
    private async Task AnsweredInTimeAsync(Task<string> request)
    {
        var step = TimeSpan.FromMilliseconds(10);
        for (var passed = TimeSpan.Zero; passed < Limit; passed += step)
        {
            await Condition.HoldsAsync(
                () => _slow.Waiting > 0 || request.IsCompleted,
                "the store is being asked, or has been"
            );
            Time.Advance(step);
        }

        // Answers that the request has given up are still on their way: they do not say that it
        // waits. A thread that was late has set its timer from a later moment, and gets the time
        // that it has lost.
        for (var passed = TimeSpan.Zero; passed < Slack && !request.IsCompleted; passed += step)
        {
            await Task.WhenAny(request, Task.Delay(step));
            Time.Advance(step);
        }

        await Condition.HoldsAsync(() => request.IsCompleted, "the request has been answered");
        await request;
    }

    private Task SentAsync(TestNode node)
    {
        var pending = node.Services.GetRequiredService<PendingSessions>();
        return Condition.HoldsAsync(() => Elapse(pending.Count == 0), "the journal has been sent");
    }

    private bool Elapse(bool isDone)
    {
        if (!isDone)
        {
            Time.Advance(TimeSpan.FromMilliseconds(20));
        }

        return isDone;
    }

    private static void ManyFailures(ClusterSessionOptions options) => options.Outage.BreakAfter = 10_000;

    private sealed class StuckRandom : RandomNumberGenerator
    {
        public override void GetBytes(byte[] data) => Array.Fill(data, (byte)7);
    }
}
