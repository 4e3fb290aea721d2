using ClusterSession.ChaosNode;
using ClusterSession.ChaosTests.Cluster;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Scenarios;

/// <summary>
/// What becomes of one session when its node dies inside a request, dies with what only it has, or
/// stands still (A01, A03, A11 of the fault list).
/// </summary>
public sealed class LoneNodeTests : IAsyncLifetime
{
    private RedisServer _redis = null!;

    public async ValueTask InitializeAsync() => _redis = await RedisServer.StartAsync();

    public ValueTask DisposeAsync() => _redis.DisposeAsync();

    [Fact]
    public async Task Node_killed_inside_a_request_leaves_the_session_as_it_was_and_the_request_can_be_repeated()
    {
        await using var a = await StartAsync("A");
        await using var b = await StartAsync("B");
        var visitor = new Visitor();
        await visitor.SetAsync(a, "before", "1");

        // Waits in its endpoint for another one that never comes.
        var cut = visitor.Copy().SetAsync(a, "half", "1", "&meet=killed&of=2");
        await Condition.HoldsAsync(
            async () => await Visitor.PlainAsync(a, "/met?name=killed") == "1",
            "the request is inside its endpoint"
        );
        await a.Kill9Async();
        await Assert.ThrowsAnyAsync<IOException>(() => cut);

        Assert.Equal(("1", false), await visitor.GetAsync(b, "before"));
        Assert.Equal((null, false), await visitor.GetAsync(b, "half"));
        await visitor.SetAsync(b, "half", "2");
        Assert.Equal(("2", false), await visitor.GetAsync(b, "half"));
    }

    [Fact]
    public async Task Commit_under_Local_that_died_with_its_node_is_reported_to_its_client_as_lost()
    {
        await using var a = await StartAsync(
            "A",
            "--ClusterSession:Durability=Local",
            "--ClusterSession:Outage:WriteBehindDelay=00:01:00"
        );
        await using var b = await StartAsync("B");
        var (visitor, other) = (new Visitor(), new Visitor());
        await visitor.SetAsync(a, "n", "1"); // A session begins in the store, whatever its durability.
        await other.SetAsync(a, "n", "1");
        await visitor.SetAsync(a, "n", "2");
        await a.Kill9Async();
        await Condition.HoldsAsync(
            async () => await visitor.StatusAsync(b) != 503,
            "B knows that the node which may have it is gone"
        );

        Assert.Equal(("1", true), await visitor.GetAsync(b, "n"));
        Assert.Equal(1, await Visitor.MetricAsync(b, "clustersession.regressions"));
        Assert.Equal(("1", false), await other.GetAsync(b, "n"));

        await visitor.SetAsync(b, "n", "3");
        Assert.Equal(("3", false), await visitor.GetAsync(b, "n"));
    }

    [Fact]
    public async Task Node_whose_threads_were_all_taken_serves_nothing_that_others_have_changed_meanwhile()
    {
        await using var a = await StartAsync("A");
        await using var b = await StartAsync("B");
        var visitor = new Visitor();
        await visitor.SetAsync(a, "color", "red");
        // Their cookies know of nothing newer.
        var tabs = Enumerable.Range(0, 20).Select(_ => visitor.Copy()).ToArray();
        Assert.Equal(("red", false), await tabs[0].GetAsync(a, "color"));

        using var directory = new TemporaryDirectory();
        var end = directory.File("end");
        await Visitor.PlainAsync(a, $"/starve?until={end}");
        await Condition.HoldsAsync(() => File.Exists(end + Starvation.Begun), "all threads are taken");
        var reading = Task.WhenAll(tabs.Select(tab => tab.GetAsync(a, "color")));
        await visitor.SetAsync(b, "color", "blue");
        // How long the fault lasts: longer than a lease.
        await Task.Delay(TimeSpan.FromSeconds(Story.Times(normally: 3, atLength: 10)));
        Assert.False(
            reading.IsCompleted,
            $"the node stands still, and this came of its requests: {reading.Status} {reading.Exception}, exited: {a.Process.HasExited}"
        );
        await File.WriteAllTextAsync(end, "");

        Assert.All(await reading, answer => Assert.Equal(("blue", false), answer));
        await visitor.SetAsync(a, "color", "green");
        Assert.Equal(("green", false), await visitor.GetAsync(b, "color"));
        Assert.Equal(0, await Visitor.MetricAsync(a, "clustersession.losses"));
    }

    private Task<ChaosNodeProcess> StartAsync(string name, params string[] arguments) =>
        ChaosNodeProcess.StartAsync(new NodeSettings { Name = name, Store = _redis.ConnectionString }, null, arguments);
}
