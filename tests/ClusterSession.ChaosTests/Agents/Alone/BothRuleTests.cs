using System.Globalization;
using System.Net;
using ClusterSession.TestKit.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.ChaosTests.Agents.Alone;

/// <summary>
/// The price of the mode, line by line as docs/how-to/keepalived-alone.md says it: both Redis are
/// masters, each with a node and clients, and one of them is merged into the other one afterwards.
/// </summary>
public sealed class BothRuleTests : IAsyncLifetime
{
    private AloneSite _site = null!;
    private TestNode _nodeA = null!;
    private TestNode _nodeB = null!;

    public async ValueTask InitializeAsync()
    {
        _site = await AloneSite.InStepAsync();
        _nodeA = await StartAsync(_site.A);
    }

    public async ValueTask DisposeAsync()
    {
        await _nodeA.DisposeAsync();
        await (_nodeB?.DisposeAsync() ?? ValueTask.CompletedTask);
        await _site.DisposeAsync();
    }

    [Fact]
    public async Task Of_one_attribute_written_on_both_sides_one_value_is_kept_and_of_different_ones_both()
    {
        var (a, b) = await PartAsync(await BrowserAsync("/set/shared/none"));
        await a.GetAsync("/set/shared/a");
        await b.GetAsync("/set/shared/b", _nodeB);
        await a.GetAsync("/set/only-a/1");
        await b.GetAsync("/set/only-b/1", _nodeB);
        await MergeAsync();
        Assert.Equal("b", await b.GetAsync("/get/shared", _nodeB));
        Assert.Equal("only-a,only-b,shared", await b.GetAsync("/keys", _nodeB));
    }

    [Fact]
    public async Task Counter_counted_on_both_sides_has_lost_the_increments_of_one()
    {
        var (a, b) = await PartAsync(await BrowserAsync("/add"));
        Assert.Equal("2", await a.GetAsync("/add"));
        Assert.Equal("2", await b.GetAsync("/add", _nodeB));
        await MergeAsync();
        Assert.Equal("2", await b.GetAsync("/get/count", _nodeB));
    }

    [Fact]
    public async Task Acknowledged_write_to_a_session_that_the_other_side_ended_is_lost_and_the_end_wins()
    {
        var (a, b) = await PartAsync(await BrowserAsync("/set/name/alice"));
        await b.GetAsync("/destroy", _nodeB);
        await a.GetAsync("/set/cart/book");
        Assert.Equal(HttpStatusCode.OK, a.LastStatus);
        await MergeAsync();
        Assert.Equal("", await a.GetAsync("/keys", _nodeB));
    }

    [Fact]
    public async Task New_sessions_of_both_sides_are_kept()
    {
        await PartAsync(_nodeA.Browser());
        var (a, b) = (_nodeA.Browser(), _nodeB.Browser());
        await a.GetAsync("/set/name/alice");
        await b.GetAsync("/set/name/bob");
        await MergeAsync();
        Assert.Equal("alice", await a.GetAsync("/get/name", _nodeB));
        Assert.Equal("bob", await b.GetAsync("/get/name", _nodeB));
    }

    [Fact]
    public async Task Value_that_is_good_once_is_spent_once_on_each_side()
    {
        var (a, b) = await PartAsync(await BrowserAsync("/set/payment/open"));
        Assert.Equal("open", await a.GetAsync("/spend"));
        Assert.Equal("open", await b.GetAsync("/spend", _nodeB));
        await MergeAsync();
        Assert.Equal("", await b.GetAsync("/spend", _nodeB));
    }

    [Fact]
    public async Task Session_rotated_on_both_sides_goes_on_as_two()
    {
        var (a, b) = await PartAsync(await BrowserAsync("/set/name/alice"));
        await a.GetAsync("/rotate");
        await b.GetAsync("/rotate", _nodeB);
        Assert.NotEqual(a.Id, b.Id);
        await MergeAsync();
        Assert.Equal("alice", await a.GetAsync("/get/name", _nodeB));
        Assert.Equal("alice", await b.GetAsync("/get/name", _nodeB));
    }

    [Fact]
    public async Task End_rotation_and_logout_everywhere_count_on_the_other_side_after_the_merge_and_not_before()
    {
        var (ended, rotated, alices) = (
            await BrowserAsync("/set/name/x"),
            await BrowserAsync("/set/name/y"),
            await BrowserAsync("/set/name/z?as=alice")
        );
        await PartAsync(ended);
        var (oldEnded, oldRotated, oldAlices) = (ended.Copy(), rotated.Copy(), alices.Copy());
        await ended.GetAsync("/destroy");
        await rotated.GetAsync("/rotate");
        await _nodeA.EndAllAsync("alice");
        Assert.Equal("x", await oldEnded.GetAsync("/get/name", _nodeB));
        Assert.Equal("y", await oldRotated.GetAsync("/get/name", _nodeB));
        Assert.Equal("z", await oldAlices.GetAsync("/get/name", _nodeB));
        await MergeAsync();
        foreach (var old in new[] { oldEnded, oldRotated, oldAlices })
        {
            await Condition.HoldsAsync(
                async () => await old.Copy().GetAsync("/get/name", _nodeB) == "",
                "the other side's end has come over"
            );
        }
    }

    [Fact]
    public async Task Keys_revoked_on_one_side_are_good_on_the_other_until_the_merge()
    {
        var (a, b) = await PartAsync(await BrowserAsync("/set/name/alice"));
        await _nodeA.Services.GetRequiredService<ISessionManager>().RotateKeysAsync(revoke: true);
        Assert.Equal("", await a.Copy().GetAsync("/get/name"));
        Assert.Equal("alice", await b.GetAsync("/get/name", _nodeB));
        await MergeAsync();
        await Condition.HoldsAsync(
            async () => await b.Copy().GetAsync("/get/name", _nodeB) == "",
            "the revocation has come over"
        );
    }

    [Fact]
    public async Task Client_that_comes_from_the_other_side_learns_that_something_is_missing()
    {
        var (a, _) = await PartAsync(await BrowserAsync("/set/name/alice"));
        await a.GetAsync("/set/cart/book");
        var answer = await a.GetAsync("/regressed", _nodeB);
        Assert.True(
            a.LastStatus == HttpStatusCode.ServiceUnavailable || answer == "True",
            $"{a.LastStatus}, regressed: {answer}"
        );
    }

    [Fact]
    public async Task Replicated_commits_are_short_of_a_replica_on_both_sides()
    {
        await PartAsync(_nodeA.Browser());
        await Condition.HoldsAsync(
            async () => (await _site.A.AskAsync("WAIT", "1", "10")).Trim() == "0",
            "A has lost its replica"
        );
        Assert.Equal("0", (await _site.B.AskAsync("WAIT", "1", "10")).Trim());
    }

    /// <summary>A client of side A, after a request there.</summary>
    private async Task<TestBrowser> BrowserAsync(string path)
    {
        var browser = _nodeA.Browser();
        await browser.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, browser.LastStatus);
        return browser;
    }

    /// <summary>B becomes master too, with a node; the client goes on at both.</summary>
    private async Task<(TestBrowser A, TestBrowser B)> PartAsync(TestBrowser browser)
    {
        await _site.B.FollowsAsync(_site.A);
        await _site.B.NotifyAsync("master", "is open.");
        _nodeB = await StartAsync(_site.B);
        return (browser, browser.Copy());
    }

    /// <summary>The partition is over, and A is no master any more. Its node is gone.</summary>
    private async Task MergeAsync()
    {
        await _nodeA.DisposeAsync();
        await _site.A.NotifyAsync("backup", "Follows redis-1");
    }

    private static Task<TestNode> StartAsync(AloneSide side) =>
        TestNode.StartAsync(AloneSide.Store(side.ConnectionString), Map, before: Login.ByQuery);

    private static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/add", (HttpContext context) =>
        {
            var count = int.Parse(context.Session.GetString("count") ?? "0", CultureInfo.InvariantCulture) + 1;
            context.Session.SetString("count", count.ToString(CultureInfo.InvariantCulture));
            return count;
        });
        app.MapGet("/spend", (HttpContext context) =>
        {
            var payment = context.Session.GetString("payment") ?? "";
            context.Session.Remove("payment");
            return payment;
        });
    }
}
