using System.Diagnostics.Metrics;
using ClusterSession.Records;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Opening;

public sealed class LossTests : NodeTests
{
    private readonly ReplaceableStore _store;
    private readonly Meeting _meeting = new();

    public LossTests() => _store = new ReplaceableStore(new InMemorySessionStore(Sessions));

    [Fact]
    public async Task Session_that_the_store_lost_is_restored_from_the_local_copy()
    {
        var a = await StartAsync(store: _store);
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        var empty = Replace();
        Assert.Equal("red", await browser.GetAsync("/get/color"));
        Assert.Equal(1, Logs.Count("StoreLostSession"));
        Assert.Equal("False", await browser.GetAsync("/regressed"));
        Assert.Equal(1, empty.Count);
    }

    [Fact]
    public async Task Commit_that_the_store_lost_is_merged_back_beside_what_came_since()
    {
        var a = await StartAsync(store: _store);
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        var behind = new InMemorySessions(Time);
        await CopyAsync(browser, behind);
        await browser.GetAsync("/set/size/xl");
        var replacement = new InMemorySessionStore(behind);
        _store.Replace(replacement);
        Assert.Equal("color,size", await browser.GetAsync("/keys"));
        Assert.Equal(1, Logs.Count("StoreLostCommit"));
        var stored = await new InMemorySessionStore(behind).ReadAsync(KeyOf(browser), default, default);
        Assert.True(stored.Record!.TryFind("size", out _));
    }

    [Fact]
    public async Task Commit_on_a_store_that_lost_the_session_meanwhile_sends_all_of_it()
    {
        var a = await StartAsync(endpoints => endpoints.MapGet("/slow", async (HttpContext context) =>
                {
                    context.Session.SetString("size", "xl");
                    await _meeting.WaitAsync();
                }), store: _store);
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        var running = browser.Copy().GetAsync("/slow");
        await _meeting.AreHereAsync(1);
        var empty = Replace();
        _meeting.GoOn();
        await running;
        var stored = await new InMemorySessionStore(empty).ReadAsync(KeyOf(browser), default, default);
        Assert.True(stored.Record!.TryFind("color", out _) && stored.Record.TryFind("size", out _));
        Assert.Equal(1, Logs.Count("StoreLostSession"));
    }

    [Fact]
    public async Task Store_behind_the_client_with_nobody_who_has_the_rest_is_flagged_logged_and_counted()
    {
        var a = await StartAsync(store: _store);
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        var behind = new InMemorySessions(Time);
        await CopyAsync(browser, behind);
        await browser.GetAsync("/set/size/xl");
        var b = await StartAsync(store: new InMemorySessionStore(behind));
        Time.Advance(TimeSpan.FromSeconds(11)); // After 10 s nobody waits for what A may still send.
        var regressions = Counting(b.Services, "clustersession.regressions");
        browser.Cookie = await ResignedAsync(browser.Cookie!, a, b);
        Assert.Equal("True", await Time.DriveAsync(browser.GetAsync("/regressed", b)));
        Assert.Equal(1, Logs.Count("SessionRegressed"));
        Assert.Equal(1, regressions());
        Assert.Equal("red", await Time.DriveAsync(browser.GetAsync("/get/color", b)));
    }

    [Fact]
    public async Task Session_missing_too_early_with_nobody_who_has_it_is_flagged()
    {
        var a = await StartAsync(store: _store);
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        var b = await StartAsync(store: new InMemorySessionStore(new InMemorySessions(Time)));
        Time.Advance(TimeSpan.FromSeconds(11)); // After 10 s nobody waits for what A may still send.
        browser.Cookie = await ResignedAsync(browser.Cookie!, a, b);
        Assert.Equal("True", await Time.DriveAsync(browser.GetAsync("/regressed", b)));
        Assert.Equal(1, Logs.Count("SessionRegressed"));
    }

    [Fact]
    public async Task Cookie_of_a_lost_session_waits_and_is_counted_once_and_finds_the_session_if_it_is_back()
    {
        var a = await StartAsync();
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        var sessions = new InMemorySessions(Time);
        var b = await StartAsync(store: new InMemorySessionStore(sessions));
        Time.Advance(TimeSpan.FromSeconds(11)); // After 10 s nobody waits for what A may still send.
        browser.Cookie = await ResignedAsync(browser.Cookie!, a, b);
        Assert.Equal("True", await Time.DriveAsync(browser.GetAsync("/regressed", b)));
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal("True", await browser.GetAsync("/regressed", b)); // Time stands still: a wait would not end.
        }

        Assert.Equal(1, Logs.Count("SessionRegressed"));
        Assert.True(SessionId.TryParse(browser.Id, out var id));
        var key = SessionKey.Of(id);
        var record = (await Store.ReadAsync(key, SessionVersion.None, default)).Record!;
        var copy = new SessionMerge(record, record.Version, MergeMode.Restore, TimeSpan.FromHours(1));
        await new InMemorySessionStore(sessions).MergeAsync(key, copy, default);
        Assert.Equal("red", await browser.GetAsync("/get/color", b));
        Assert.Equal("False", await browser.GetAsync("/regressed", b));
    }

    [Fact]
    public async Task Session_that_expired_is_no_loss()
    {
        var a = await StartAsync();
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal("False", await Time.DriveAsync(browser.GetAsync("/regressed")));
        Assert.Equal(0, Logs.Count("SessionRegressed"));
        Assert.False(
            browser.LastSetCookie,
            "a deletion could arrive after the cookie of a login that has begun meanwhile"
        );
    }

    private static Func<long> Counting(IServiceProvider services, string name)
    {
        long sum = 0;
        var factory = services.GetRequiredService<IMeterFactory>();
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name == name && ReferenceEquals(instrument.Meter.Scope, factory))
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref sum, value));
        listener.Start();
        return () => Interlocked.Read(ref sum);
    }

    /// <summary>
    /// The cookie as node <paramref name="to"/> would have signed it: nodes of different stores
    /// have different rings.
    /// </summary>
    private static async Task<string> ResignedAsync(string cookie, TestNode from, TestNode to)
    {
        var ring = from.Services.GetRequiredService<ClusterSession.KeyRing.KeyRingSource>().Current!;
        var reading = ClusterSession.Http.Cookies.SessionCookie.Read(cookie, ring);
        var other = to.Services.GetRequiredService<ClusterSession.KeyRing.KeyRingSource>();
        await other.LoadAsync(default);
        return ClusterSession.Http.Cookies.SessionCookie.Write(reading.Id, reading.Seen, other.Signing);
    }

    internal static ClusterSession.Records.SessionKey KeyOf(TestBrowser browser)
    {
        Assert.True(ClusterSession.Records.SessionId.TryParse(browser.Id!, out var id));
        return ClusterSession.Records.SessionKey.Of(id);
    }

    private async Task CopyAsync(TestBrowser browser, InMemorySessions to)
    {
        var record = (await _store.ReadAsync(KeyOf(browser), default, default)).Record!;
        await new InMemorySessionStore(to).MergeAsync(
            KeyOf(browser),
            new SessionMerge(record, record.Version, MergeMode.Create, TimeSpan.FromHours(1)),
            default
        );
    }

    private InMemorySessions Replace()
    {
        var empty = new InMemorySessions(Time);
        _store.Replace(new InMemorySessionStore(empty));
        return empty;
    }
}
