using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Sessions;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using ClusterSession.Tests.Opening;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Xunit;

namespace ClusterSession.Tests.Committing;

/// <summary>How large a session may become, and what removed attributes cost.</summary>
public sealed class SessionSizeTests : NodeTests
{
    private const int Most = 64 * 1024;

    [Fact]
    public async Task Session_that_would_become_too_large_is_refused_with_the_remedy_and_stays_as_it_was()
    {
        var node = await StartAsync(Map, Limit);
        var browser = node.Browser();
        for (var i = 0; i < 6; i++)
        {
            Assert.Equal("ok", await browser.GetAsync($"/fill/{i}/10000"));
        }

        var refusal = await browser.GetAsync("/fill/6/10000");
        Assert.Contains("ClusterSession:MaxSessionBytes allows 65,536", refusal, StringComparison.Ordinal);
        Assert.Contains("would have 70,", refusal, StringComparison.Ordinal);
        Assert.Contains("raise the limit", refusal, StringComparison.Ordinal);
        Assert.Equal("0,1,2,3,4,5", await browser.GetAsync("/keys"));
        Assert.Equal("ok", await browser.GetAsync("/fill/5/100")); // A smaller one in the place of a larger one.
        Assert.Equal("ok", await browser.GetAsync("/fill/6/10000"));
    }

    [Fact]
    public async Task Names_count_and_so_does_what_one_request_sets_one_by_one()
    {
        var node = await StartAsync(Map, Limit);
        var browser = node.Browser();
        Assert.Contains("MaxSessionBytes", await browser.GetAsync("/names/100"), StringComparison.Ordinal);
        Assert.Equal("ok", await browser.GetAsync("/names/50"));
    }

    [Fact]
    public async Task Requests_that_together_make_the_session_too_large_are_refused_with_the_remedy()
    {
        var gates = Enumerable.Range(0, 4).Select(static _ => new TaskCompletionSource()).ToArray();
        var running = 0;
        var node = await StartAsync(
            endpoints =>
                endpoints.MapGet("/held/{number}", (HttpContext context, int number) => HeldAsync(context, number)),
            static options => (options.MaxSessionBytes, options.MaxAttributeBytes) = (256 * 1024, 128 * 1024)
        );
        var browser = node.Browser();
        await browser.GetAsync("/set/stays/x");
        var browsers = gates.Select(_ => browser.Copy()).ToArray();
        var answers = browsers.Select(static (one, number) => one.GetAsync($"/held/{number}")).ToArray();
        await Condition.HoldsAsync(() => Volatile.Read(ref running) == 4, "all have opened the session");
        for (var i = 0; i < 4; i++)
        {
            gates[i].SetResult();
            await answers[i];
        }

        Assert.Equal([200, 200, 503], browsers.Take(3).Select(static one => (int)one.LastStatus));
        var message = await answers[3];
        Assert.StartsWith("TooLarge: ", message, StringComparison.Ordinal);
        Assert.Contains(
            "262,144 bytes, names counted, that ClusterSession:MaxSessionBytes allows",
            message,
            StringComparison.Ordinal
        );
        Assert.Contains("raise the limit", message, StringComparison.Ordinal);
        Assert.Equal(0, node.Unsaved());
        Assert.Equal("x", await browser.GetAsync("/get/stays"));

        async Task<string> HeldAsync(HttpContext context, int number)
        {
            context.Session.Set($"large{number}", new byte[100_000]);
            Interlocked.Increment(ref running);
            await gates[number].Task;
            if (number < 3)
            {
                return "ok"; // Committed as the response begins.
            }

            var refused = await Assert.ThrowsAsync<SessionUnavailableException>(() => context.Session.CommitAsync());
            return $"{refused.Failure}: {refused.Message}";
        }
    }

    [Theory]
    [InlineData(SessionDurability.Primary)]
    [InlineData(SessionDurability.Local)]
    public async Task Requests_at_once_do_not_make_what_is_kept_for_the_store_too_large(SessionDurability durability)
    {
        var gate = new TaskCompletionSource();
        var running = 0;
        var store = new FaultyStore(Store);
        var node = await StartAsync(
            endpoints =>
                endpoints.MapGet("/held/{number}", (HttpContext context, int number) => HeldAsync(context, number)),
            options =>
                (options.MaxSessionBytes, options.MaxAttributeBytes, options.Durability) = (
                    Most * 4,
                    Most * 2,
                    durability
                ),
            store
        );
        var browser = node.Browser();
        await browser.GetAsync("/set/stays/x");
        await HoldsInTimeAsync(() => node.Unsaved() == 0, "it is stored");
        store.Failing = StoreOperations.All;
        var browsers = Enumerable.Range(0, 4).Select(_ => browser.Copy()).ToArray();
        var answers = browsers.Select(static (one, number) => one.GetAsync($"/held/{number}")).ToArray();
        await Condition.HoldsAsync(() => Volatile.Read(ref running) == 4, "all have opened the session");
        gate.SetResult();
        await Task.WhenAll(answers);
        Assert.Equal([200, 200, 503, 503], browsers.Select(static one => (int)one.LastStatus).Order());
        store.Failing = StoreOperations.None;
        await HoldsInTimeAsync(() => node.Unsaved() == 0, "all is stored");
        var read = await Store.ReadAsync(LossTests.KeyOf(browser), SessionVersion.None, default);
        Assert.Equal(3, read.Record!.AttributeCount);

        async Task HeldAsync(HttpContext context, int number)
        {
            context.Session.Set($"large{number}", new byte[100_000]);
            Interlocked.Increment(ref running);
            await gate.Task;
        }
    }

    [Fact]
    public async Task Session_that_a_merge_has_made_too_large_loses_nothing_and_grows_no_more()
    {
        var node = await StartAsync(Map, Limit);
        var browser = node.Browser();
        for (var i = 0; i < 6; i++)
        {
            await browser.GetAsync($"/fill/{i}/10000");
        }

        var key = LossTests.KeyOf(browser);
        var stored = (await Store.ReadAsync(key, SessionVersion.None, default)).Record!;
        var (other, merge) = (
            new SessionVersion(stored.Version.Stamp + 1, 77),
            new SessionVersion(stored.Version.Stamp + 2, 77)
        );
        var copy = RecordSketch.At(other).With("other", new byte[60_000], other).Build();
        var merged = await new InMemorySessionStore(Sessions).MergeAsync(
            key,
            new SessionMerge(copy, merge, MergeMode.Restore, TimeSpan.FromMinutes(5)),
            default
        );
        Assert.Equal(WriteOutcome.Committed, merged.Outcome);

        Assert.Equal("0,1,2,3,4,5,other", await browser.GetAsync("/keys"));
        Assert.Contains("raise the limit", await browser.GetAsync("/fill/6/100"), StringComparison.Ordinal);
        await browser.GetAsync("/remove/other");
        Assert.Equal("ok", await browser.GetAsync("/fill/6/100"));
    }

    [Fact]
    public async Task Removed_attributes_do_not_count_for_MaxAttributes()
    {
        var node = await StartAsync(Map, static options => options.MaxAttributes = 100);
        var browser = node.Browser();
        for (var round = 0; round < 5; round++)
        {
            Assert.Equal("ok", await browser.GetAsync($"/many/{round}/90"));
            Assert.Equal("ok", await browser.GetAsync("/clear"));
        }

        Assert.Equal("", await browser.GetAsync("/keys"));
    }

    [Fact]
    public async Task Attributes_added_and_removed_fill_no_record()
    {
        var node = await StartAsync(Map);
        var browser = node.Browser();
        await browser.GetAsync("/set/stays/x");
        for (var i = 0; i < 100; i++)
        {
            await browser.GetAsync($"/set/k{i}/x");
            await browser.GetAsync($"/remove/k{i}");
        }

        var read = await Store.ReadAsync(LossTests.KeyOf(browser), SessionVersion.None, default);
        Assert.InRange(read.Record!.AttributeCount, 1, SessionRecord.MaxTombstones + 3);
    }

    private static void Limit(ClusterSessionOptions options) =>
        (options.MaxSessionBytes, options.MaxAttributeBytes) = (Most, Most);

    private static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/fill/{name}/{bytes}", (HttpContext context, string name, int bytes) =>
            Try(() => context.Session.Set(name, new byte[bytes]))
        );
        endpoints.MapGet("/names/{count}", (HttpContext context, int count) => Try(() =>
            {
                for (var i = 0; i < count; i++)
                {
                    context.Session.Set($"{new string('n', 1000)}{i}", [1]);
                }
            }));
        endpoints.MapGet("/many/{round}/{count}", (HttpContext context, int round, int count) => Try(() =>
            {
                for (var i = 0; i < count; i++)
                {
                    context.Session.Set($"{round}-{i}", [1]);
                }
            }));
        endpoints.MapGet("/clear", (HttpContext context) => Try(context.Session.Clear));
    }

    private static string Try(Action change)
    {
        try
        {
            change();
            return "ok";
        }
        catch (InvalidOperationException refused)
        {
            return refused.Message;
        }
    }
}
