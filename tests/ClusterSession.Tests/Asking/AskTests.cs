using System.Collections.Concurrent;
using System.Net;
using ClusterSession.Asking;
using ClusterSession.Http.Cookies;
using ClusterSession.KeyRing;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Metrics;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Sessions;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Xunit;

namespace ClusterSession.Tests.Asking;

/// <summary>
/// How nodes ask each other: what it costs, and what happens where a node or a frame is missing.
/// </summary>
public sealed class AskTests : NodeTests
{
    private readonly ConcurrentQueue<byte[]> _frames = new();
    private readonly List<ChannelStore> _stores = [];

    [Fact]
    public async Task Nodes_say_hello_once_a_second_and_nothing_else_while_nothing_is_lost()
    {
        var (a, b) = await StartTwoAsync();
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red", a);
        _frames.Clear();
        for (var second = 0; second < 10; second++)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            await browser.GetAsync("/get/color", a);
            await browser.GetAsync($"/set/n/{second}", b);
        }

        Assert.Equal(20, _frames.Count);
        Assert.All(_frames, frame => Assert.Equal(FrameKind.Hello, KindOf(frame)));
    }

    [Fact]
    public async Task Flood_of_expired_cookies_costs_a_bounded_number_of_frames_and_others_no_command()
    {
        const int Cookies = 1_000;
        var others = new CountingStore(new InMemorySessionStore(Sessions));
        var (a, b) = await StartTwoAsync(others);
        var client = a.Browser();
        await client.GetAsync("/set/color/red", a);
        using var regressions = new CounterReading(b.Services, "clustersession.regressions");
        using var unasked = new CounterReading(b.Services, "clustersession.unasked");
        var cookies = Enumerable
            .Range(0, Cookies)
            .Select(_ => Cookie(b, Time.GetUtcNow() - TimeSpan.FromDays(1)))
            .ToArray();
        _frames.Clear();
        others.Reset();
        await Time.DriveAsync(
            Task.WhenAll(cookies.Select(cookie => new TestBrowser(b) { Cookie = cookie }.GetAsync("/get/color")))
        );

        var asks = _frames.Count(frame => KindOf(frame) == FrameKind.Ask);
        Assert.InRange(asks, Cookies / NodeFrame.MaxAsked, 30);
        Assert.Equal(asks, _frames.Count(frame => KindOf(frame) == FrameKind.Done));
        Assert.Equal(0, _frames.Count(frame => KindOf(frame) == FrameKind.Answer)); // Silence instead of noes.
        Assert.Equal((0, 0), (regressions.Value, unasked.Value));
        Assert.Equal("red", await client.GetAsync("/get/color", a));
        Assert.Equal(0, others.Count(StoreOperations.All));

        _frames.Clear();
        foreach (var cookie in cookies)
        {
            await new TestBrowser(b) { Cookie = cookie }.GetAsync("/get/color"); // Time stands still.
        }

        Assert.Empty(_frames);
    }

    [Fact]
    public async Task Session_above_the_rate_that_may_have_expired_counts_as_lost_unasked_counted_and_flagged()
    {
        var (_, b) = await StartTwoAsync();
        using var regressions = new CounterReading(b.Services, "clustersession.regressions");
        using var unasked = new CounterReading(b.Services, "clustersession.unasked");
        var asks = b.Services.GetRequiredService<SessionAsks>();
        var taken = Enumerable
            .Range(0, AskResults.MaxPerSecond)
            .Select(_ => asks.AskAsync(KeyOf(NewId()), SessionVersion.None, TimeSpan.FromSeconds(1), default).AsTask())
            .ToArray();
        var browser = new TestBrowser(b) { Cookie = Cookie(b, Time.GetUtcNow() - TimeSpan.FromDays(1)) };
        Assert.Equal("True", await browser.GetAsync("/regressed"));
        Assert.Equal((1, 1), (regressions.Value, unasked.Value));
        Assert.Equal(1, Logs.Count("SessionsUnasked"));
        Assert.All(await Time.DriveAsync(Task.WhenAll(taken)), result => Assert.Equal(AskResult.Nobody, result));

        Time.Advance(TimeSpan.FromSeconds(1));
        browser.Cookie = Cookie(b, Time.GetUtcNow() - TimeSpan.FromDays(1));
        Assert.Equal("False", await Time.DriveAsync(browser.GetAsync("/regressed")));
    }

    [Fact]
    public async Task Requests_for_one_session_share_one_ask_and_for_ten_seconds_its_result()
    {
        var (_, b) = await StartTwoAsync();
        var seen = Time.GetUtcNow() - TimeSpan.FromDays(1);
        var cookie = Cookie(b, seen);
        _frames.Clear();
        await Time.DriveAsync(
            Task.WhenAll(Enumerable.Range(0, 20).Select(_ => new TestBrowser(b) { Cookie = cookie }.GetAsync("/get/n")))
        );
        Assert.Equal(1, _frames.Count(frame => KindOf(frame) == FrameKind.Ask));

        var asks = b.Services.GetRequiredService<SessionAsks>();
        Assert.True(SessionId.TryParse(cookie.Split('.')[0], out var id));
        Time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(
            AskResult.Nobody,
            await asks.AskAsync(KeyOf(id), CommitOf(seen), TimeSpan.FromSeconds(1), default)
        );
        Assert.Equal(1, _frames.Count(frame => KindOf(frame) == FrameKind.Ask));
        Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(
            AskResult.Nobody,
            await asks.AskAsync(KeyOf(id), CommitOf(seen), TimeSpan.FromSeconds(1), default)
        );
        Assert.Equal(2, _frames.Count(frame => KindOf(frame) == FrameKind.Ask));
    }

    [Fact]
    public async Task What_was_found_of_one_commit_says_nothing_of_another()
    {
        var (_, b) = await StartTwoAsync();
        var asks = b.Services.GetRequiredService<SessionAsks>();
        var (key, versions) = (KeyOf(NewId()), new VersionSource());
        var (earlier, later) = (versions.Next(), versions.Next());
        _frames.Clear();
        foreach (var (missed, sent) in new[] { (earlier, 1), (earlier, 1), (later, 2), (later, 2) })
        {
            var asked = asks.AskAsync(key, missed, TimeSpan.FromSeconds(1), default).AsTask();
            Assert.Equal(AskResult.Nobody, await Time.DriveAsync(asked));
            Assert.Equal(sent, _frames.Count(frame => KindOf(frame) == FrameKind.Ask));
        }
    }

    [Fact]
    public async Task Commit_that_may_be_younger_than_an_ask_under_way_is_asked_for_anew()
    {
        var (_, b) = await StartTwoAsync();
        await _stores[0].PublishAsync(NodeFrame.Hello(process: 77, LiveNodes.Protocol, flags: 0));
        var asks = b.Services.GetRequiredService<SessionAsks>();
        var (key, versions) = (KeyOf(NewId()), new VersionSource());
        var (earlier, later) = (versions.Next(), versions.Next());
        _frames.Clear();
        Task<AskResult> AskAsync(SessionVersion missed) =>
            asks.AskAsync(key, missed, TimeSpan.FromSeconds(10), default).AsTask();

        Task<AskResult>[] first = [AskAsync(earlier), AskAsync(earlier)];
        var second = AskAsync(later);
        await Time.DriveAsync(Condition.HoldsAsync(() => Numbers().Length == 2, "the later commit is asked for"));
        var writer = b.Services.GetRequiredService<HybridClock>().Writer;
        await _stores[0].PublishAsync(NodeFrame.Done(77, new AskId(writer, Numbers()[0]), 0));
        Assert.Equal([AskResult.Nobody, AskResult.Nobody], await Task.WhenAll(first));
        Assert.False(second.IsCompleted);
        await _stores[0]
            .PublishAsync(NodeFrame.Answer(77, new AskId(writer, Numbers()[1]), [(key, AskAnswer.Restored)]));
        await _stores[0].PublishAsync(NodeFrame.Done(77, new AskId(writer, Numbers()[1]), 1));
        Assert.Equal(AskResult.Restored, await second);

        long[] Numbers() =>
            [
                .. _frames
                    .Where(frame => KindOf(frame) == FrameKind.Ask)
                    .Select(static frame => NodeFrame.ReadAsk(frame).Number)
                    .Distinct(),
            ];
    }

    [Fact]
    public async Task Node_that_does_not_answer_is_waited_for_half_a_second_and_its_session_is_found_later()
    {
        var (a, b) = await StartTwoAsync();
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red", a);
        Sessions.Forget(KeyOf(browser));
        _stores[0].Takes = static _ => false; // Frozen, as others see it.
        var begun = Time.GetTimestamp();
        var asked = b
            .Services.GetRequiredService<SessionAsks>()
            .AskAsync(KeyOf(browser), SessionVersion.None, TimeSpan.FromSeconds(10), default)
            .AsTask();
        Assert.Equal(AskResult.Unanswered, await Time.DriveAsync(asked));
        Assert.InRange(Time.GetElapsedTime(begun), TimeSpan.FromMilliseconds(500), TimeSpan.FromMilliseconds(600));
        await Time.DriveAsync(browser.GetAsync("/get/color", b));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, browser.LastStatus);

        _stores[0].Takes = static _ => true;
        Time.Advance(TimeSpan.FromSeconds(1.5));
        // Nothing was remembered that nobody knew.
        Assert.Equal("red", await Time.DriveAsync(browser.GetAsync("/get/color", b)));
    }

    [Fact]
    public async Task Session_for_which_a_live_node_does_not_answer_is_a_503_for_ten_seconds_and_then_lost()
    {
        var (a, b) = await StartTwoAsync();
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red", a);
        Sessions.Forget(KeyOf(browser));
        var otherTab = browser.Copy();
        _stores[0].Takes = static _ => false; // It hears nothing, and goes on saying that it is there.
        var begun = Time.GetTimestamp();
        var body = "";
        do
        {
            body = await Time.DriveAsync(browser.GetAsync("/regressed", b));
            Time.Advance(TimeSpan.FromSeconds(1));
        } while (
            browser.LastStatus == HttpStatusCode.ServiceUnavailable
            && Time.GetElapsedTime(begun) < TimeSpan.FromMinutes(1)
        );

        Assert.Equal("True", body);
        Assert.InRange(Time.GetElapsedTime(begun), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(15));

        Time.Advance(TimeSpan.FromSeconds(20)); // What was asked is forgotten by then.
        Assert.Equal("True", await Time.DriveAsync(otherTab.GetAsync("/regressed", b)));
    }

    [Fact]
    public async Task Node_that_has_died_is_waited_for_while_it_is_remembered_and_one_that_leaves_not_at_all()
    {
        var (_, b) = await StartTwoAsync();
        var asks = b.Services.GetRequiredService<SessionAsks>();
        await _stores[0].PublishAsync(NodeFrame.Hello(process: 77, LiveNodes.Protocol, flags: 0));
        var asked = asks.AskAsync(KeyOf(NewId()), SessionVersion.None, TimeSpan.FromSeconds(10), default).AsTask();
        Assert.Equal(AskResult.Unanswered, await Time.DriveAsync(asked));

        Time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(
            AskResult.Nobody,
            await asks.AskAsync(KeyOf(NewId()), SessionVersion.None, TimeSpan.FromSeconds(10), default)
        );

        Time.Advance(TimeSpan.FromSeconds(1));
        await _stores[0].PublishAsync(NodeFrame.Hello(process: 78, LiveNodes.Protocol, flags: 0));
        asked = asks.AskAsync(KeyOf(NewId()), SessionVersion.None, TimeSpan.FromSeconds(10), default).AsTask();
        Assert.False(asked.IsCompleted);
        await _stores[0].PublishAsync(NodeFrame.Hello(process: 78, LiveNodes.Protocol, NodeFrame.LeavingFlag));
        Assert.Equal(AskResult.Nobody, await asked);
        // Overtaken by its last one.
        await _stores[0].PublishAsync(NodeFrame.Hello(process: 78, LiveNodes.Protocol, flags: 0));
        Time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(
            AskResult.Nobody,
            await asks.AskAsync(KeyOf(NewId()), SessionVersion.None, TimeSpan.FromSeconds(10), default)
        );
    }

    [Fact]
    public async Task Node_that_is_stopped_says_that_it_leaves()
    {
        var (a, _) = await StartTwoAsync();
        _frames.Clear();
        await a.DrainAsync();
        var last = Assert.Single(_frames, frame =>
            KindOf(frame) == FrameKind.Hello && NodeFrame.ReadHello(frame).Flags == NodeFrame.LeavingFlag
        );
        Assert.True(NodeFrame.TryRead(last, out _, out var process));
        Assert.Equal(a.Services.GetRequiredService<HybridClock>().Writer, process);
    }

    [Theory]
    [InlineData((byte)FrameKind.Ask)]
    [InlineData((byte)FrameKind.Answer)]
    [InlineData((byte)FrameKind.Done)]
    public async Task Frame_that_is_lost_is_made_up_for(byte kind)
    {
        var (a, b) = await StartTwoAsync();
        var lost = 0;
        _stores.ForEach(store => store.Pass = frame => KindOf(frame) == (FrameKind)kind && lost++ == 0 ? [] : [frame]);
        Assert.Equal("red", await FindAsync(a, b));
        Assert.InRange(lost, 2, 10);
    }

    [Fact]
    public async Task Frames_that_are_repeated_and_reordered_change_nothing()
    {
        var (a, b) = await StartTwoAsync();
        var held = new ConcurrentStack<byte[]>();
        _stores[0].Pass = frame =>
        {
            held.Push(frame);
            // "Done" first, then the answers before it, and "done" again.
            return KindOf(frame) == FrameKind.Done ? [.. held, frame] : [];
        };
        _stores[1].Pass = static frame => [frame, frame];
        Assert.Equal("red", await FindAsync(a, b));
    }

    [Fact]
    public async Task End_counts_more_than_a_restore_whichever_is_heard_first()
    {
        var (a, b) = await StartTwoAsync();
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red", a);
        Sessions.Forget(KeyOf(browser));
        await _stores[1].PublishAsync(NodeFrame.Hello(process: 77, LiveNodes.Protocol, flags: 0));
        await _stores[0].PublishAsync(NodeFrame.Hello(process: 77, LiveNodes.Protocol, flags: 0));
        _frames.Clear();
        var asked = b
            .Services.GetRequiredService<SessionAsks>()
            .AskAsync(KeyOf(browser), SessionVersion.None, TimeSpan.FromSeconds(10), default)
            .AsTask();
        Assert.Contains(_frames, frame => KindOf(frame) == FrameKind.Ask);
        await Condition.HoldsAsync(() => _frames.Any(frame => KindOf(frame) == FrameKind.Done), "a has restored it");
        Assert.False(asked.IsCompleted);
        var ask = _frames.First(frame => KindOf(frame) == FrameKind.Ask);
        var id = new AskId(b.Services.GetRequiredService<HybridClock>().Writer, NodeFrame.ReadAsk(ask).Number);
        await _stores[0].PublishAsync(NodeFrame.Answer(77, id, [(KeyOf(browser), AskAnswer.Ended)]));
        await _stores[0].PublishAsync(NodeFrame.Done(77, id, 1));
        Assert.Equal(AskResult.Ended, await asked);
    }

    [Theory]
    [InlineData(AskAnswer.MayNotRestore, AskResult.Unanswered, AskResult.MayNotRestore, AskResult.GivenUp)]
    [InlineData(AskAnswer.Restored, AskResult.RestoredSoFar, AskResult.Restored, AskResult.GivenUp)]
    public async Task Answer_of_one_node_decides_nothing_while_another_one_may_have_more(
        object answer,
        object whileSilent,
        object whenDone,
        object afterTenSeconds
    )
    {
        var (_, b) = await StartTwoAsync();
        var key = KeyOf(NewId());
        await HelloAsync(77, 78);
        Assert.Equal(whenDone, await AskedAsync(b, KeyOf(NewId()), (AskAnswer)answer, isOtherDone: true));
        var begun = Time.GetTimestamp();
        Assert.Equal(whileSilent, await AskedAsync(b, key, (AskAnswer)answer, isOtherDone: false));
        object said = whileSilent;
        while (said.Equals(whileSilent))
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            await HelloAsync(77, 78);
            said = await AskedAsync(b, key, (AskAnswer)answer, isOtherDone: false);
        }

        Assert.Equal(afterTenSeconds, said);
        Assert.InRange(Time.GetElapsedTime(begun), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(15));
    }

    [Fact]
    public async Task Ask_that_waited_for_a_frozen_node_is_dropped_and_answered_when_it_is_awake_and_asked_again()
    {
        var clock = new StoppingClock(Time);
        var (a, b) = await StartTwoAsync(services: services => services.AddSingleton<TimeProvider>(clock));
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red", a);
        Sessions.Forget(KeyOf(browser));
        clock.Stopped = TimeSpan.FromSeconds(30); // What was in its socket is read before its timers run.
        _frames.Clear();
        var asks = b.Services.GetRequiredService<SessionAsks>();
        Assert.Equal(
            AskResult.Unanswered,
            await Time.DriveAsync(
                asks.AskAsync(KeyOf(browser), SessionVersion.None, TimeSpan.FromSeconds(10), default).AsTask()
            )
        );
        Assert.DoesNotContain(_frames, frame => KindOf(frame) is FrameKind.Answer or FrameKind.Done);
        Assert.Equal(0, Sessions.Count);

        Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal("red", await Time.DriveAsync(browser.GetAsync("/get/color", b)));
    }

    [Fact]
    public async Task Node_of_an_older_release_leaves_no_loss_certain_and_health_and_log_say_so()
    {
        var (_, b) = await StartTwoAsync();
        var health = ActivatorUtilities.CreateInstance<ClusterSession.Management.SessionHealthCheck>(b.Services);
        Assert.Equal(HealthStatus.Healthy, (await health.CheckHealthAsync(new())).Status);
        await _stores[0].PublishAsync(NodeFrame.Hello(process: 77, protocol: 0, flags: 0));
        var asks = b.Services.GetRequiredService<SessionAsks>();
        Assert.Equal(
            AskResult.GivenUp,
            await asks.AskAsync(KeyOf(NewId()), SessionVersion.None, TimeSpan.FromSeconds(10), default)
        );
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HealthStatus.Degraded, (await health.CheckHealthAsync(new())).Status);
        Assert.Equal(1, Logs.Count("NodesOfAnOlderRelease"));
    }

    [Fact]
    public async Task Channel_that_is_refused_is_not_waited_for_and_the_log_says_what_is_missing()
    {
        var (_, b) = await StartTwoAsync();
        _stores[1].Failure = StoreFailure.Refused;
        Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(1, Logs.Count("NodesCannotBeAsked"));
        var browser = new TestBrowser(b) { Cookie = Cookie(b, Time.GetUtcNow() - TimeSpan.FromDays(1)) };
        Assert.Equal("False", await browser.GetAsync("/regressed")); // Time stands still.
    }

    /// <summary>
    /// Process 77 answers, and 78 is done without an answer, or stays silent.
    /// </summary>
    private async Task<AskResult> AskedAsync(TestNode b, SessionKey key, AskAnswer answer, bool isOtherDone)
    {
        _frames.Clear();
        var asked = b
            .Services.GetRequiredService<SessionAsks>()
            .AskAsync(key, SessionVersion.None, TimeSpan.FromSeconds(10), default)
            .AsTask();
        for (byte[]? ask = null; !asked.IsCompleted && ask is null; Time.Advance(TimeSpan.FromMilliseconds(10)))
        {
            ask = _frames.FirstOrDefault(frame => KindOf(frame) == FrameKind.Ask);
            if (ask is not null)
            {
                var number = NodeFrame.ReadAsk(ask).Number;
                var id = new AskId(b.Services.GetRequiredService<HybridClock>().Writer, number);
                await _stores[0].PublishAsync(NodeFrame.Answer(77, id, [(key, answer)]));
                await _stores[0].PublishAsync(NodeFrame.Done(77, id, 1));
                if (isOtherDone)
                {
                    await _stores[0].PublishAsync(NodeFrame.Done(78, id, 0));
                }
            }
        }

        return await Time.DriveAsync(asked);
    }

    private async Task HelloAsync(params long[] processes)
    {
        foreach (var process in processes)
        {
            await _stores[0].PublishAsync(NodeFrame.Hello(process, LiveNodes.Protocol, flags: 0));
        }
    }

    private async Task<string> FindAsync(TestNode a, TestNode b)
    {
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red", a);
        Sessions.Forget(KeyOf(browser));
        var found = await Time.DriveAsync(browser.GetAsync("/get/color", b));
        Assert.Equal("False", await Time.DriveAsync(browser.GetAsync("/regressed", b)));
        return found;
    }

    private async Task<(TestNode A, TestNode B)> StartTwoAsync(
        IClusterSessionStore? first = null,
        Action<IServiceCollection>? services = null
    )
    {
        var nodes = new List<TestNode>();
        foreach (var store in new[] { first ?? new InMemorySessionStore(Sessions), new InMemorySessionStore(Sessions) })
        {
            _stores.Add(new ChannelStore(store));
            nodes.Add(await StartAsync(store: _stores[^1], services: nodes.Count == 0 ? services : null));
            await nodes[^1].Services.GetRequiredService<KeyRingSource>().LoadAsync(default);
        }

        await new InMemorySessionStore(Sessions).Channel.ListenAsync(new Recorder(_frames), default);
        Time.Advance(TimeSpan.FromSeconds(5)); // They have heard of each other.
        return (nodes[0], nodes[1]);
    }

    /// <summary>A cookie of a session that the store does not have.</summary>
    private static string Cookie(TestNode node, DateTimeOffset seen) =>
        SessionCookie.Write(NewId(), CommitOf(seen), node.Services.GetRequiredService<KeyRingSource>().Signing);

    private static SessionVersion CommitOf(DateTimeOffset seen) =>
        new((seen - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond, 1);

    private static SessionId NewId() => SessionId.New(System.Security.Cryptography.RandomNumberGenerator.Create());

    private static SessionKey KeyOf(SessionId id) => SessionKey.Of(id);

    private static SessionKey KeyOf(TestBrowser browser)
    {
        Assert.True(SessionId.TryParse(browser.Id!, out var id));
        return SessionKey.Of(id);
    }

    private static FrameKind KindOf(byte[] frame)
    {
        Assert.True(NodeFrame.TryRead(frame, out var kind, out _));
        return kind;
    }

    /// <summary>The clock of a process that was not running for a while.</summary>
    private sealed class StoppingClock(TimeProvider time) : TimeProvider
    {
        public TimeSpan Stopped { get; set; }

        public override long TimestampFrequency => time.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + Stopped;

        public override long GetTimestamp() => time.GetTimestamp() + (long)(Stopped.TotalSeconds * TimestampFrequency);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            time.CreateTimer(callback, state, dueTime, period);
    }

    private sealed class Recorder(ConcurrentQueue<byte[]> frames) : IStoreChannelListener
    {
        public void OnConnected() { }

        public void OnFrame(ReadOnlySpan<byte> frame) => frames.Enqueue(frame.ToArray());
    }
}
