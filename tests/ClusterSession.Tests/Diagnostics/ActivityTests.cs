using System.Collections.Concurrent;
using System.Diagnostics;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Xunit;

namespace ClusterSession.Tests.Diagnostics;

/// <summary>
/// The spans of a request and of a failover, for OpenTelemetry. Alone, because a listener hears of
/// all nodes of the process.
/// </summary>
[CollectionDefinition(nameof(ActivityTests), DisableParallelization = true)]
[Collection(nameof(ActivityTests))]
public sealed class ActivityTests : NodeTests
{
    [Fact]
    public async Task Request_that_reads_the_store_has_spans_for_open_and_commit_and_one_with_a_copy_has_none()
    {
        var (a, b) = (await StartAsync(), await StartAsync());
        var browser = a.Browser();
        Assert.Equal("clustersession.commit: committed", await SpansOfAsync(() => browser.GetAsync("/set/a/1")));
        Assert.Equal("", await SpansOfAsync(() => browser.GetAsync("/get/a")));
        Assert.Equal("clustersession.open: opened", await SpansOfAsync(() => browser.GetAsync("/get/a", b)));
        Assert.Equal("clustersession.commit: committed", await SpansOfAsync(() => browser.GetAsync("/set/a/2", b)));
        await browser.Copy().GetAsync("/destroy");
        var c = await StartAsync();
        Assert.Equal("clustersession.open: destroyed", await SpansOfAsync(() => browser.GetAsync("/get/a", c)));
    }

    [Fact]
    public async Task Span_of_a_failed_open_has_the_kind_of_failure_and_no_id()
    {
        var store = new FaultyStore(Store);
        var a = await StartAsync();
        var b = await StartAsync(store: store);
        var browser = a.Browser();
        await browser.GetAsync("/set/a/1");
        store.Failing = StoreOperations.Sessions;
        var spans = new ConcurrentQueue<Activity>();
        await RecordAsync(spans, () => browser.GetAsync("/get/a", b));
        var span = Assert.Single(spans, span => span.OperationName == "clustersession.open");
        Assert.Equal(ActivityStatusCode.Error, span.Status);
        Assert.Equal(StoreFailure.Unreachable.ToString(), span.GetTagItem("error.type"));
        Assert.DoesNotContain(span.TagObjects, tag => $"{tag.Value}".Contains(browser.Id!, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Failover_has_a_span_with_what_may_be_lost_and_below_it_those_of_its_replays()
    {
        var store = new ReplaceableStore(Store);
        var browser = (await StartAsync(store: store)).Browser();
        await browser.GetAsync("/set/a/1");
        var spans = await FailOverAsync(store, new InMemorySessionStore(new InMemorySessions(Time)));

        var failover = Assert.Single(spans, span => span.OperationName == "clustersession.failover");
        Assert.Equal("recent", failover.GetTagItem("clustersession.loss"));
        var replays = spans.Where(span => span.OperationName == "clustersession.replay").ToArray();
        Assert.All(replays, span => Assert.Equal(failover.SpanId, span.ParentSpanId));
        Assert.Equal(["0, 0, 0", "1, 1, 0"], replays.Select(Counts)); // Ends, then commits.
        Assert.DoesNotContain(spans.SelectMany(span => span.TagObjects), tag =>
            $"{tag.Value}".Contains(browser.Id!, StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Replay_that_the_next_store_does_not_answer_counts_as_failed_on_its_span()
    {
        var store = new ReplaceableStore(Store);
        var node = await StartAsync(store: store);
        await node.Browser().GetAsync("/set/a/1");
        await node.Browser().GetAsync("/set/a/1");

        var next = new FaultyStore(new InMemorySessionStore(new InMemorySessions(Time)))
        {
            Failing = StoreOperations.Sessions,
        };
        var spans = await FailOverAsync(store, next);
        Assert.Contains("2, 0, 2", spans.Select(Counts));
    }

    /// <summary>The spans until the failover is over.</summary>
    private async Task<Activity[]> FailOverAsync(ReplaceableStore store, IClusterSessionStore next)
    {
        var spans = new ConcurrentQueue<Activity>();
        await RecordAsync(spans, () =>
        {
            store.Replace(next, new StoreContinuity(StoreLoss.Recent));
            return HoldsInTimeAsync(
                () => spans.Any(span => span.OperationName == "clustersession.failover"),
                "the failover is over"
            );
        });
        return [.. spans];
    }

    private static string Counts(Activity span) =>
        string.Join(
            ", ",
            new[] { "replayed", "restored", "failed" }.Select(what => span.GetTagItem($"clustersession.{what}"))
        );

    private static async Task<string> SpansOfAsync(Func<Task> request)
    {
        var spans = new ConcurrentQueue<Activity>();
        await RecordAsync(spans, request);
        return string.Join(
            ", ",
            spans.Select(span => $"{span.OperationName}: {span.GetTagItem("clustersession.outcome")}")
        );
    }

    private static async Task RecordAsync(ConcurrentQueue<Activity> spans, Func<Task> request)
    {
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "ClusterSession",
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await request();
    }
}
