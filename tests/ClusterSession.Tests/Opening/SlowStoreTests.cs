using System.Net;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Servers;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using Xunit;

namespace ClusterSession.Tests.Opening;

/// <summary>
/// A store that answers late or not at all (S09; over real links in the chaos tests).
/// </summary>
public sealed class SlowStoreTests : NodeTests
{
    [Fact]
    public async Task Session_with_a_local_copy_waits_no_longer_than_the_soft_timeout_and_holds_up_no_other()
    {
        var replaceable = new ReplaceableStore(new InMemorySessionStore(Sessions));
        var gated = new GatedStore(replaceable);
        var node = await StartAsync(store: gated);
        var (slow, other) = (node.Browser(), node.Browser());
        await slow.GetAsync("/set/color/red");
        // The copy of the first session must be confirmed, that of the second is confirmed already.
        replaceable.Reconnect();
        await other.GetAsync("/set/color/blue");
        gated.Holding = StoreOperations.Read;

        var begun = Time.GetTimestamp();
        var waiting = slow.GetAsync("/get/color");
        await Condition.HoldsAsync(() => gated.Held == 1, "the store is asked, and answers late");
        Assert.Equal("blue", await other.GetAsync("/get/color"));
        Assert.Equal("green", await other.GetAsync("/set/color/green"));
        Assert.False(waiting.IsCompleted);

        Assert.Equal("red", await Time.DriveAsync(waiting));
        Assert.InRange(Time.GetElapsedTime(begun), TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(400));
        gated.Open();
    }

    [Theory]
    [InlineData("/set/color/blue", "blue")]
    [InlineData("/destroy", "")]
    public async Task Answer_that_comes_after_the_soft_timeout_is_applied_and_the_next_request_sees_it(
        string change,
        string expected
    )
    {
        var (a, gated) = (await StartAsync(), new GatedStore(new InMemorySessionStore(Sessions)));
        var b = await StartAsync(store: gated);
        var browser = a.Browser();
        await browser.GetAsync("/set/color/red");
        var other = browser.Copy();
        Assert.Equal("red", await other.GetAsync("/get/color", b));
        await browser.GetAsync(change, a);
        gated.Holding = StoreOperations.Read;

        var first = other.GetAsync("/get/color", b);
        await Condition.HoldsAsync(() => gated.Held == 1, "the store is asked, and answers late");
        // Of an end it may have heard from the other node.
        string[] served = change == "/destroy" ? ["red", ""] : ["red"];
        Assert.Contains(await Time.DriveAsync(first), served);
        gated.ReleaseOne();

        // The store answers nothing more in time: what is known now is what it had answered.
        await Time.DriveAsync(
            Condition.HoldsAsync(
                async () =>
                {
                    var later = other.Copy();
                    return await later.GetAsync("/get/color", b) == expected && later.LastStatus == HttpStatusCode.OK;
                },
                "the late answer is applied"
            )
        );
    }

    [Fact]
    public async Task Store_that_is_not_responding_is_asked_once_a_probe_interval_by_however_many_requests()
    {
        var faulty = new FaultyStore(new InMemorySessionStore(Sessions));
        var asked = new CountingStore(faulty);
        var (other, node) = (await StartAsync(), await StartAsync(store: asked));
        var browsers = Enumerable.Range(0, 30).Select(_ => other.Browser()).ToArray();
        foreach (var browser in browsers)
        {
            await browser.GetAsync("/set/color/red");
        }

        await browsers[0].GetAsync("/get/color", node); // The ring of keys is here now.
        faulty.Failing = StoreOperations.All;
        asked.Reset();
        Assert.All(await StatusesAsync(browsers[1..], node), status => Assert.Equal(503, status));
        Assert.Equal(5, asked.Count(StoreOperations.Sessions));

        Time.Advance(TimeSpan.FromMilliseconds(200));
        Assert.All(await StatusesAsync(browsers[1..], node), status => Assert.Equal(503, status));
        Assert.Equal(6, asked.Count(StoreOperations.Sessions));

        faulty.Failing = StoreOperations.None;
        Time.Advance(TimeSpan.FromMilliseconds(200));
        Assert.All(await StatusesAsync(browsers, node), status => Assert.Equal(200, status));
    }

    private static async Task<IReadOnlyList<int>> StatusesAsync(IEnumerable<TestBrowser> browsers, TestNode node)
    {
        var statuses = new List<int>();
        foreach (var browser in browsers)
        {
            await browser.GetAsync("/get/color", node);
            statuses.Add((int)browser.LastStatus);
        }

        return statuses;
    }
}
