using System.Net;
using Xunit;

namespace ClusterSession.IntegrationTests.Balancers;

/// <summary>
/// The configurations of the folder <c>deploy</c>, in real balancers, real nodes behind them.
/// </summary>
public sealed class BalancerTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Visitors = 30; // One of three nodes gets none of them once in 60,000 runs.
    private const int VisitorsOfAnOutage = 4;
    private RedisServer _redis = null!;

    public async ValueTask InitializeAsync() => _redis = await RedisServer.StartAsync();

    public async ValueTask DisposeAsync() => await _redis.DisposeAsync();

    [Theory]
    [InlineData("nginx")]
    [InlineData("haproxy")]
    public async Task Session_stays_at_its_node_though_its_cookie_changes_and_moves_when_the_node_is_gone(string kind)
    {
        var nodes = await StartNodesAsync();
        await using var balancer = await Balancer.StartAsync(kind, nodes);
        var visitors = Enumerable.Range(0, Visitors).Select(_ => new Visitor(balancer.Port)).ToArray();
        var homes = new Dictionary<Visitor, string>();
        foreach (var visitor in visitors)
        {
            await WrittenAsync(visitor, 1);
            homes[visitor] = (await visitor.ReadAsync()).Node!;
            for (var count = 2; count <= 8; count++)
            {
                var before = visitor.Cookie;
                Assert.Equal(homes[visitor], (await WrittenAsync(visitor, count)).Node);
                Assert.NotEqual(before, visitor.Cookie);
                Assert.Equal(homes[visitor], (await visitor.ReadAsync()).Node);
            }
        }

        Assert.Equal(3, homes.Values.Distinct().Count());
        var gone = nodes[0];
        await gone.DisposeAsync();
        foreach (var visitor in visitors)
        {
            var now = await visitor.ReadAsync();
            Assert.Equal((HttpStatusCode.OK, 8), (now.Status, now.Count));
            Assert.NotEqual(gone.Name, now.Node);
            if (homes[visitor] != gone.Name)
            {
                Assert.Equal(homes[visitor], now.Node);
            }

            Assert.Equal(now.Node, (await WrittenAsync(visitor, 9)).Node);
        }

        await DisposeAsync(nodes, visitors);
    }

    [Theory]
    [InlineData("nginx")]
    [InlineData("haproxy")]
    public async Task Sessions_keep_working_at_their_nodes_while_the_store_is_unreachable(string kind)
    {
        var nodes = await StartNodesAsync();
        await using var balancer = await Balancer.StartAsync(kind, nodes);
        var visitors = Enumerable.Range(0, VisitorsOfAnOutage).Select(_ => new Visitor(balancer.Port)).ToArray();
        foreach (var visitor in visitors)
        {
            await WrittenAsync(visitor, 1);
            await WrittenAsync(visitor, 2);
        }

        await _redis.Kill9Async();
        await Task.WhenAll(
            visitors.Select(async visitor =>
            {
                for (var count = 3; count <= 10; count++)
                {
                    await WrittenAsync(visitor, count);
                }
            })
        );

        await DisposeAsync(nodes, visitors);
    }

    [Fact]
    public async Task Without_affinity_requests_fail_while_the_store_is_unreachable()
    {
        var nodes = await StartNodesAsync();
        var visitors = Enumerable.Range(0, VisitorsOfAnOutage).Select(_ => new Visitor(nodes[0].Port)).ToArray();
        foreach (var visitor in visitors)
        {
            await WrittenAsync(visitor, 1);
            await visitor.WriteAsync(nodes[1].Port);
        }

        await _redis.Kill9Async();
        var failed = await Task.WhenAll(
            visitors.Select(async visitor =>
            {
                var failures = 0;
                for (var turn = 0; turn < 8; turn++)
                {
                    var visit = await visitor.WriteAsync(nodes[turn % nodes.Length].Port);
                    failures += visit.Status == HttpStatusCode.ServiceUnavailable ? 1 : 0;
                }

                return failures;
            })
        );

        output.WriteLine($"Requests of 8 answered with 503: {string.Join(", ", failed)}");
        Assert.All(failed, failures => Assert.InRange(failures, 1, 7));
        await DisposeAsync(nodes, visitors);
    }

    [Theory]
    [InlineData("nginx")]
    [InlineData("haproxy")]
    public async Task Read_that_a_node_cannot_serve_is_sent_to_another_node(string kind)
    {
        var nodes = await StartNodesOneCutOffAsync();
        await using var balancer = await Balancer.StartAsync(kind, nodes);
        var visitors = Enumerable.Range(0, Visitors).Select(_ => new Visitor(balancer.Port)).ToArray();
        foreach (var visitor in visitors)
        {
            Assert.Equal(HttpStatusCode.OK, (await visitor.WriteAsync(nodes[1].Port)).Status);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await visitor.ReadAsync(nodes[0].Port)).Status);
        }

        var before = nodes[0].Requests;
        foreach (var visitor in visitors)
        {
            var visit = await visitor.ReadAsync();
            Assert.Equal((HttpStatusCode.OK, 1), (visit.Status, visit.Count));
        }

        Assert.True(nodes[0].Requests > before, "No request came to the node that cannot read.");
        await DisposeAsync(nodes, visitors);
    }

    [Fact]
    public async Task Nginx_sends_what_was_not_committed_to_another_node()
    {
        var nodes = await StartNodesOneCutOffAsync();
        var cut = nodes[0];
        await using var balancer = await Balancer.StartAsync("nginx", nodes);
        using var direct = new Visitor(cut.Port);
        var refused = await direct.WriteAsync();
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "not-committed"), (refused.Status, refused.Commit));

        var visitors = Enumerable.Range(0, Visitors).Select(_ => new Visitor(balancer.Port)).ToArray();
        foreach (var visitor in visitors)
        {
            Assert.NotEqual("cut", (await WrittenAsync(visitor, 1)).Node);
        }

        Assert.True(cut.Writes > 1, "No request came to the node that cannot commit.");
        await DisposeAsync(nodes, visitors);
    }

    [Theory]
    [InlineData("nginx")]
    [InlineData("haproxy")]
    public async Task Write_that_may_have_been_committed_is_not_repeated(string kind)
    {
        var nodes = await StartNodesAsync();
        await using var balancer = await Balancer.StartAsync(kind, nodes);
        using var visitor = new Visitor(balancer.Port);
        _redis.Process.Stop();
        try
        {
            var visit = await visitor.WriteAsync();
            Assert.Equal((HttpStatusCode.ServiceUnavailable, "unknown"), (visit.Status, visit.Commit));
            Assert.True(visit.HasRetryAfter, "The 503 has lost its Retry-After.");
            Assert.Equal(1, nodes.Sum(node => node.Writes));
        }
        finally
        {
            _redis.Process.Continue();
        }

        await DisposeAsync(nodes, []);
    }

    private async Task<BalancedNode[]> StartNodesAsync() =>
        [
            await BalancedNode.StartAsync("a", _redis.Endpoint),
            await BalancedNode.StartAsync("b", _redis.Endpoint),
            await BalancedNode.StartAsync("c", _redis.Endpoint),
        ];

    /// <summary>The first one reaches no Redis.</summary>
    private async Task<BalancedNode[]> StartNodesOneCutOffAsync() =>
        [
            await BalancedNode.StartAsync("cut", $"127.0.0.1:{FreePort.Next()}", KeysOfTheirOwn),
            await BalancedNode.StartAsync("b", _redis.Endpoint, KeysOfTheirOwn),
            await BalancedNode.StartAsync("c", _redis.Endpoint, KeysOfTheirOwn),
        ];

    // So that a node without store can begin a session, up to the commit.
    private static void KeysOfTheirOwn(ClusterSessionOptions options) =>
        options.Keys.Add(new SessionKeyOptions { Id = 1, Secret = "q8Jx0r1mT3nVfYw5uZ7cKd2eHg4iLoPbRsAtNyXzCvU=" });

    private static async Task<Visit> WrittenAsync(Visitor visitor, int count)
    {
        var visit = await visitor.WriteAsync();
        Assert.Equal((HttpStatusCode.OK, count), (visit.Status, visit.Count));
        return visit;
    }

    private static async Task DisposeAsync(BalancedNode[] nodes, Visitor[] visitors)
    {
        foreach (var visitor in visitors)
        {
            visitor.Dispose();
        }

        foreach (var node in nodes)
        {
            await node.DisposeAsync();
        }
    }
}
