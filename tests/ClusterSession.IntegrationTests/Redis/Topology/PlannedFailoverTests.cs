using System.Globalization;
using ClusterSession.TestKit.Nodes;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Topology;

/// <summary>
/// The master's role goes to the other server on purpose, and the old one stays up as a replica
/// (S16, S23).
/// </summary>
public sealed class PlannedFailoverTests : IAsyncLifetime
{
    private RedisServer _first = null!;
    private RedisServer _second = null!;
    private TestNode _a = null!;
    private TestNode _b = null!;
    private int _requests;

    public async ValueTask InitializeAsync()
    {
        _first = await RedisServer.StartAsync();
        _second = await RedisServer.StartAsync(new RedisServerOptions { ReplicaOf = _first.Port });
        await InStepAsync(_first, _second);
        _a = await TestNode.StartAsync(RedisNode.Store($"{_first.Endpoint},{_second.Endpoint}"));
        _b = await TestNode.StartAsync(RedisNode.Store($"{_first.Endpoint},{_second.Endpoint}"));
    }

    public async ValueTask DisposeAsync()
    {
        await _a.DisposeAsync();
        await _b.DisposeAsync();
        await _first.DisposeAsync();
        await _second.DisposeAsync();
    }

    [Fact]
    public async Task Write_that_a_demoted_master_refuses_is_repeated_at_the_new_master()
    {
        var browser = _a.Browser();
        await browser.GetAsync("/set/color/red");
        await _second.HasAllOfAsync(_first);

        await _second.CommandAsync("REPLICAOF", "NO", "ONE");
        await _first.CommandAsync("REPLICAOF", _second.Host, _second.Port.ToString(CultureInfo.InvariantCulture));

        Assert.Equal("blue", await browser.GetAsync("/set/color/blue"));
        Assert.Equal((200, 0), ((int)browser.LastStatus, _a.Unsaved()));
        await _first.HasAllOfAsync(_second); // The other node may not have noticed yet, and read there.
        Assert.Equal("blue", await browser.GetAsync("/get/color", _b));
    }

    [Fact]
    public async Task Planned_failovers_one_after_the_other_lose_nothing_and_fail_no_request()
    {
        using var stop = new CancellationTokenSource();
        var clients = new List<Task>();
        for (var i = 0; i < 6; i++)
        {
            var (home, other) = i % 2 == 0 ? (_a, _b) : (_b, _a);
            var browser = home.Browser();
            await browser.GetAsync("/set/n/0", home);
            clients.Add(CountAsync(browser, home, other, stop.Token));
        }

        var (master, replica) = (_first, _second);
        for (var i = 0; i < 6; i++)
        {
            Assert.Equal(
                "OK",
                await master.CommandAsync(
                    "FAILOVER",
                    "TO",
                    replica.Host,
                    replica.Port.ToString(CultureInfo.InvariantCulture)
                )
            );
            (master, replica) = (replica, master);
            await Condition.HoldsAsync(
                async () =>
                    await master.AskAsync("ROLE") is var role && role.StartsWith("master", StringComparison.Ordinal),
                "it is master"
            );
            await InStepAsync(master, replica);
            var goal = Volatile.Read(ref _requests) + 30;
            await Condition.HoldsAsync(
                () => Volatile.Read(ref _requests) >= goal || clients.Any(client => client.IsFaulted),
                "there is load on it"
            );
        }

        await stop.CancelAsync();
        await Task.WhenAll(clients);
    }

    /// <summary>
    /// Counts at one node, which has a copy of the session, and looks at the other one in the end.
    /// </summary>
    private async Task CountAsync(TestBrowser browser, TestNode home, TestNode other, CancellationToken stop)
    {
        var count = 0;
        while (!stop.IsCancellationRequested)
        {
            count++;
            Assert.Equal((200, $"{count}"), await AskAsync(browser, $"/set/n/{count}", home));
            Assert.Equal((200, $"{count}"), await AskAsync(browser, "/get/n", home));
            Interlocked.Increment(ref _requests);
        }

        Assert.Equal((200, $"{count}"), await AskAsync(browser, "/get/n", other));
        Assert.Equal("False", await browser.GetAsync("/regressed", other));
    }

    private static async Task<(int Status, string Body)> AskAsync(TestBrowser browser, string path, TestNode node)
    {
        var body = await browser.GetAsync(path, node);
        return ((int)browser.LastStatus, body);
    }

    /// <summary>
    /// A replica calls its link up a moment before its master calls it online, and takes it for a
    /// failover.
    /// </summary>
    private static Task InStepAsync(RedisServer master, RedisServer replica) =>
        Condition.HoldsAsync(
            async () =>
                await replica.InfoAsync("replication", "master_link_status") == "up"
                && (await master.AskAsync("INFO", "replication")).Contains("state=online", StringComparison.Ordinal),
            "the replica is in step"
        );
}
