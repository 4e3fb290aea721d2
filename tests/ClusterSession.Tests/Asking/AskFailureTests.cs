using System.Net;
using System.Security.Cryptography;
using ClusterSession.Asking;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Metrics;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Servers;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using ClusterSession.Tests.Opening;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Asking;

/// <summary>
/// Asks that come to nothing: a node fails, was not heard of yet, or cannot be asked in time.
/// </summary>
public sealed class AskFailureTests : NodeTests
{
    [Fact]
    public async Task Session_that_a_node_fails_with_does_not_take_the_others_answers_with_it()
    {
        var failing = new FailingStore(new InMemorySessionStore(Sessions));
        var (a, b) = (await StartAsync(store: failing), await StartAsync());
        Time.Advance(TimeSpan.FromSeconds(5)); // They have heard of each other.
        var (bad, good) = (await OpenAsync(a), await OpenAsync(a));
        failing.FailsWith = LossTests.KeyOf(bad);
        Sessions.Forget(LossTests.KeyOf(bad));
        Sessions.Forget(LossTests.KeyOf(good));

        var asks = b.Services.GetRequiredService<SessionAsks>();
        await Time.DriveAsync(AskAsync(asks, NewKey())); // What comes now is asked for together.
        var asked = Task.WhenAll(AskAsync(asks, LossTests.KeyOf(bad)), AskAsync(asks, LossTests.KeyOf(good)));
        Assert.Equal([AskResult.Unanswered, AskResult.Restored], await Time.DriveAsync(asked));

        Assert.Equal(1, Logs.Count("AskFailed"));
        Assert.DoesNotContain(Logs.All, log => log.Text.Contains($"{LossTests.KeyOf(bad)}", StringComparison.Ordinal));
        Assert.Equal("red", await Time.DriveAsync(good.GetAsync("/get/color", b)));
    }

    [Fact]
    public async Task Nobody_is_said_to_have_it_before_all_who_are_there_can_have_been_heard_of()
    {
        var asks = (await StartAsync()).Services.GetRequiredService<SessionAsks>();
        Assert.Equal(AskResult.Unanswered, await Time.DriveAsync(AskAsync(asks, NewKey())));
        Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(AskResult.Nobody, await Time.DriveAsync(AskAsync(asks, NewKey())));
    }

    [Fact]
    public async Task Session_whose_ask_is_still_queued_when_its_request_can_wait_no_longer_is_no_loss()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        Time.Advance(TimeSpan.FromSeconds(5)); // They have heard of each other.
        var lost = await OpenAsync(a);
        Sessions.Forget(LossTests.KeyOf(lost));
        var asks = b.Services.GetRequiredService<SessionAsks>();
        await Time.DriveAsync(AskAsync(asks, NewKey())); // What comes now waits for the next ask.

        var waiting = asks.AskAsync(LossTests.KeyOf(lost), SessionVersion.None, TimeSpan.FromMilliseconds(1), default)
            .AsTask();
        Assert.Equal(AskResult.Unanswered, await Time.DriveAsync(waiting));
    }

    [Fact]
    public async Task Channel_that_takes_no_frame_in_time_makes_no_loss_of_what_another_node_has()
    {
        var channel = new ChannelStore(new InMemorySessionStore(Sessions));
        var (a, b) = (await StartAsync(), await StartAsync(store: channel));
        Time.Advance(TimeSpan.FromSeconds(5)); // They have heard of each other.
        var browser = await OpenAsync(a);
        Sessions.Forget(LossTests.KeyOf(browser));
        channel.Failure = StoreFailure.Unknown;
        Time.Advance(TimeSpan.FromSeconds(1)); // The hello of this second was not taken.

        await Time.DriveAsync(browser.GetAsync("/get/color", b));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, browser.LastStatus);

        channel.Failure = StoreFailure.None;
        Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("red", await Time.DriveAsync(browser.GetAsync("/get/color", b)));
    }

    [Fact]
    public async Task Commit_of_a_silent_node_is_no_loss_for_ten_seconds()
    {
        var silent = new ChannelStore(new InMemorySessionStore(Sessions)) { Pass = static _ => [] };
        var (a, b) = (await StartAsync(store: silent), await StartAsync());
        Time.Advance(TimeSpan.FromSeconds(5)); // Who is there has been heard of.
        var browser = await OpenAsync(a);
        Sessions.Forget(LossTests.KeyOf(browser));
        await Time.DriveAsync(browser.GetAsync("/get/color", b));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, browser.LastStatus);

        Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("True", await Time.DriveAsync(browser.GetAsync("/regressed", b)));
    }

    [Fact]
    public async Task Session_above_the_rate_is_a_503_until_it_is_its_turn()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        Time.Advance(TimeSpan.FromSeconds(5)); // They have heard of each other.
        var browser = await OpenAsync(a);
        Sessions.Forget(LossTests.KeyOf(browser));
        using var unasked = new CounterReading(b.Services, "clustersession.unasked");
        var asks = b.Services.GetRequiredService<SessionAsks>();
        var others = Task.WhenAll(Enumerable.Range(0, AskResults.MaxPerSecond).Select(_ => AskAsync(asks, NewKey())));
        var early = browser.GetAsync("/get/color", b);
        await Condition.HoldsAsync(() => unasked.Value == 1); // Time stands still until then.
        await Time.DriveAsync(early);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, browser.LastStatus);

        await Time.DriveAsync(others);
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("red", await Time.DriveAsync(browser.GetAsync("/get/color", b)));
    }

    private static SessionKey NewKey() => SessionKey.Of(SessionId.New(RandomNumberGenerator.Create()));

    private static Task<AskResult> AskAsync(SessionAsks asks, SessionKey key) =>
        asks.AskAsync(key, SessionVersion.None, TimeSpan.FromSeconds(10), default).AsTask();

    private static async Task<TestBrowser> OpenAsync(TestNode node)
    {
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red", node);
        return browser;
    }

    /// <summary>
    /// A store with an error: an operation on one session throws, which none may.
    /// </summary>
    private sealed class FailingStore(IClusterSessionStore inner) : ForwardingStore(inner)
    {
        public SessionKey? FailsWith { get; set; }

        public override ValueTask<StoreWrite> MergeAsync(SessionKey key, SessionMerge copy, StoreDeadline deadline) =>
            key == FailsWith ? throw new InvalidOperationException($"{key}") : base.MergeAsync(key, copy, deadline);

        protected override ValueTask<T> OnAsync<T>(
            StoreOperations operation,
            Func<ValueTask<T>> ask,
            Func<StoreFailure, T> unavailable
        ) => ask();
    }
}
