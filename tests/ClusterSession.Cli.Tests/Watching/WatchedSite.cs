using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using ClusterSession.Cli.Output;
using ClusterSession.Cli.Running;
using ClusterSession.TestKit.Servers;
using Microsoft.AspNetCore.Builder;
using Xunit;

namespace ClusterSession.Cli.Tests.Watching;

/// <summary>Real Sentinels and Redis, and a watcher beside each Redis.</summary>
internal sealed class WatchedSite : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly List<(WebApplication App, HttpClient Client)> _watchers = [];

    private ServerProcess? _balancer;

    private WatchedSite(SentinelCluster cluster) => Cluster = cluster;

    public SentinelCluster Cluster { get; }

    public static async Task<WatchedSite> StartAsync(SentinelClusterOptions? options = null)
    {
        var site = new WatchedSite(await SentinelCluster.StartAsync(options));
        foreach (var server in site.Cluster.Servers)
        {
            await site.WatchAsync(server);
        }

        return site;
    }

    /// <summary>What a watcher answers; the status, and the body.</summary>
    public async Task<(HttpStatusCode Status, string Text)> GetAsync(int watcher, string path)
    {
        using var response = await _watchers[watcher].Client.GetAsync(new Uri(path, UriKind.Relative));
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>
    /// Asks until a watcher answers so: its last look may be older than the change.
    /// </summary>
    public Task SaysAsync(int watcher, string path, HttpStatusCode status) =>
        Condition.HoldsAsync(
            async () => (await GetAsync(watcher, path)).Status == status,
            $"watcher {watcher} answers {path} with {status}"
        );

    /// <summary>Asks until this line is on its page of metrics.</summary>
    public Task CountsAsync(int watcher, string line) =>
        Condition.HoldsAsync(
            async () =>
                (await GetAsync(watcher, "/metrics")).Text.Contains(
                    $"\ncluster_session_failover_{line}\n",
                    StringComparison.Ordinal
                ),
            $"watcher {watcher} counts {line}"
        );

    /// <summary>Asks until a watcher knows that this one is the master.</summary>
    public Task KnowsAsync(int watcher, RedisServer server) =>
        Condition.HoldsAsync(
            async () =>
                JsonSerializer
                    .Deserialize<JsonElement>((await GetAsync(watcher, "/cluster")).Text)
                    .TryGetProperty("ruler", out var ruler)
                && ruler.GetString() == server.Endpoint,
            $"watcher {watcher} knows that {server.Endpoint} is the master"
        );

    /// <summary>The watchers that say 200 to /primary now.</summary>
    public async Task<int[]> PrimariesAsync()
    {
        var answers = await Task.WhenAll(_watchers.Select((_, i) => GetAsync(i, "/primary")));
        return [.. Enumerable.Range(0, answers.Length).Where(i => answers[i].Status == HttpStatusCode.OK)];
    }

    /// <summary>Asks until this watcher alone is primary; never may two be.</summary>
    public Task LeadsAsync(RedisServer server) =>
        Condition.HoldsAsync(
            async () => await OnlyPrimaryAsync() == server,
            $"the watcher of {server.Endpoint} says that it is the primary",
            TimeSpan.FromSeconds(60)
        );

    /// <summary>
    /// Asks until the watcher of another one alone is primary. Two Sentinels may have begun a
    /// failover each: who calls itself master first is not always the one that stays it.
    /// </summary>
    public async Task<RedisServer> NextLeadsAsync(RedisServer former)
    {
        RedisServer? next = null;
        await Condition.HoldsAsync(
            async () => (next = await OnlyPrimaryAsync()) is not null && next != former,
            $"the watcher of another one than {former.Endpoint} says that it is the primary",
            TimeSpan.FromSeconds(60)
        );
        return next!;
    }

    /// <summary>Whose watcher says that it is the primary now; null: nobody's.</summary>
    private async Task<RedisServer?> OnlyPrimaryAsync()
    {
        var primaries = await PrimariesAsync();
        Assert.True(primaries.Length < 2, $"{primaries.Length} watchers say that theirs is the primary.");
        return primaries is [var one] ? Cluster.Servers[one] : null;
    }

    /// <summary>
    /// Starts HAProxy with deploy/haproxy/redis.cfg, of which only the addresses are changed.
    /// </summary>
    public async Task<int> BalanceAsync()
    {
        var (port, file) = (FreePort.Next(), _directory.File("redis.cfg"));
        var text = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "deploy", "haproxy", "redis.cfg"));
        text = text.Replace("bind 127.0.0.1:6379", $"bind 127.0.0.1:{port}", StringComparison.Ordinal);
        string[] known = ["redis-a 10.0.0.11:6379 port 7400", "redis-b 10.0.0.12:6379 port 7400"];
        for (var i = 0; i < known.Length; i++)
        {
            Assert.Contains(known[i], text, StringComparison.Ordinal);
            var watcher = _watchers[i].Client.BaseAddress!.Port;
            text = text.Replace(
                known[i],
                $"redis-{i} {Cluster.Servers[i].Endpoint} port {watcher}",
                StringComparison.Ordinal
            );
        }

        await File.WriteAllTextAsync(file, text);
        _balancer = await ServerProcess.StartAsync("haproxy", ["-db", "-f", file], _directory.Path);
        return port;
    }

    public async ValueTask DisposeAsync()
    {
        if (_balancer is { } balancer)
        {
            await balancer.DisposeAsync();
        }

        foreach (var (app, client) in _watchers)
        {
            client.Dispose();
            await app.DisposeAsync();
        }

        await Cluster.DisposeAsync();
        _directory.Dispose();
    }

    private async Task WatchAsync(RedisServer server)
    {
        var (file, address) = (_directory.File($"{server.Port}.json"), $"http://127.0.0.1:{FreePort.Next()}");
        var settings = new JsonObject
        {
            ["Redis"] = Cluster.ConnectionString,
            ["RedisAddress"] = server.Endpoint,
            ["Interval"] = "00:00:00.200",
        };
        var root = new JsonObject
        {
            ["Urls"] = address,
            ["ClusterSession"] = new JsonObject { ["Sentinel"] = settings },
        };
        await File.WriteAllTextAsync(file, root.ToJsonString());
        var app = RunHost.Watcher(RunSettings.Read(file, []), OutputFormat.Text);
        _watchers.Add((app, new HttpClient { BaseAddress = new Uri(address) }));
        await app.StartAsync();
    }
}
