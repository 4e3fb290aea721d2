using System.Globalization;
using System.Text.RegularExpressions;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Metrics;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace ClusterSession.Tests.Diagnostics;

/// <summary>What is logged while the store is away: not a line a request.</summary>
public sealed class OutageLogTests : NodeTests
{
    private readonly FaultyStore _store;

    public OutageLogTests() => _store = new FaultyStore(new InMemorySessionStore(Sessions));

    [Fact]
    public async Task Requests_that_cannot_open_their_session_are_one_log_line_in_ten_seconds()
    {
        var (a, b) = (
            await StartAsync(),
            await StartAsync(store: _store, options: options => options.Outage.BreakAfter = 10_000)
        );
        using var failed = new CounterReading(b.Services, "clustersession.opens.failed");
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        _store.Failing = StoreOperations.Sessions;

        await FailAsync(browser.Copy(), "/get/color", b, 20);
        Assert.Equal([1L], Counts("OpenFailed"));
        Time.Advance(TimeSpan.FromSeconds(9));
        await FailAsync(browser.Copy(), "/get/color", b, 5);
        Assert.Equal([1L], Counts("OpenFailed"));
        Time.Advance(TimeSpan.FromSeconds(2));
        await FailAsync(browser.Copy(), "/get/color", b, 3);
        Assert.Equal([1L, 25L], Counts("OpenFailed"));
        Assert.Equal(28, failed.Value);
    }

    [Fact]
    public async Task Requests_that_cannot_commit_are_one_line_at_the_beginning_and_then_one_in_ten_seconds()
    {
        var node = await StartAsync(store: _store, options: options =>
        {
            options.Outage.BreakAfter = 10_000;
            options.Outage.JournalSessions = 0;
        });
        using var failed = new CounterReading(node.Services, "clustersession.commits.failed");
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        _store.Failing = StoreOperations.Commit | StoreOperations.Merge;

        await FailAsync(browser, "/set/color/blue", node, 12);
        Assert.Equal([1L], Counts("CommitFailed"));
        Assert.Equal([1L], Counts("JournalFull"));
        Time.Advance(TimeSpan.FromSeconds(11));
        await FailAsync(browser, "/set/color/blue", node, 4);
        Assert.Equal([1L, 12L], Counts("CommitFailed"));
        Assert.Equal([1L, 12L], Counts("JournalFull"));
        Assert.Equal(16, failed.Value);
    }

    [Fact]
    public async Task Sessions_that_change_after_the_headers_are_one_line_in_ten_seconds()
    {
        var node = await StartAsync(endpoints => endpoints.MapGet("/stream", async (HttpContext context) =>
            {
                await context.Response.WriteAsync("streaming");
                await context.Response.Body.FlushAsync();
                context.Session.SetString("late", context.TraceIdentifier);
            }));
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");
        for (var i = 0; i < 7; i++)
        {
            await browser.GetAsync("/stream");
        }

        Assert.Equal([1L], Counts("CommittedAfterHeaders"));
        Time.Advance(TimeSpan.FromSeconds(11));
        await browser.GetAsync("/stream");
        Assert.Equal([1L, 7L], Counts("CommittedAfterHeaders"));
    }

    private static async Task FailAsync(TestBrowser browser, string path, TestNode node, int times)
    {
        for (var i = 0; i < times; i++)
        {
            await browser.Copy().GetAsync(path, node);
        }
    }

    private IEnumerable<long> Counts(string name) => Logs.All.Where(log => log.Event.Name == name).Select(CountOf);

    /// <summary>Of one time a line says nothing.</summary>
    private static long CountOf(CapturedLog log) =>
        Regex.Match(log.Text, "Happened (?<count>[0-9]+) times") is { Success: true } match
            ? long.Parse(match.Groups["count"].Value, CultureInfo.InvariantCulture)
            : 1;
}
