using System.Globalization;
using System.Text.Json.Nodes;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.Cli.Tests.Sentinels;

/// <summary>
/// A master that dies with sessions that only it has, behind real Sentinels, and its settings for
/// the merge before its start.
/// </summary>
internal sealed class SentinelSite : IAsyncDisposable
{
    private const int Shared = 20;
    private readonly TemporaryDirectory _directory = new();
    private readonly List<string> _keys = [];

    private SentinelSite(SentinelCluster cluster) => Cluster = cluster;

    public SentinelCluster Cluster { get; }

    /// <summary>The one that died.</summary>
    public RedisServer Former => Cluster.Servers[0];

    /// <summary>Sessions that only the former master has.</summary>
    public const int Own = 30;

    public static async Task<SentinelSite> StartAsync(bool isAppendOnly = true, int replicas = 2)
    {
        var site = new SentinelSite(
            await SentinelCluster.StartAsync(
                new SentinelClusterOptions
                {
                    Replicas = replicas,
                    Config = [$"appendonly {(isAppendOnly ? "yes" : "no")}"],
                }
            )
        );
        await site.StoreAsync(Shared, "shared");
        foreach (var replica in site.Cluster.Servers.Skip(1))
        {
            await replica.HasAllOfAsync(site.Former);
        }

        return site;
    }

    /// <summary>
    /// Cuts replication, writes what only the master has, kills it, and waits for another one.
    /// </summary>
    public async Task<RedisServer> FailOverAsync()
    {
        var replicas = Cluster.Servers.Skip(1).ToArray();
        var pauser = await ReplicaPauser.HoldBackAsync(Former, replicas);
        await StoreAsync(Own, "own");
        await Former.CommandAsync("BGSAVE");
        await Condition.HoldsAsync(
            async () => await Former.InfoAsync("persistence", "rdb_bgsave_in_progress") == "0",
            "the snapshot is written"
        );
        await Former.Kill9Async();
        await pauser.ReleaseAsync();
        return await Cluster.NewMasterAsync(Former);
    }

    /// <summary>The command that its unit gives before it starts it.</summary>
    public Task<ToolRun> MergeAsync(params (string Name, string Value)[] more) => MergeAsync(Former, more);

    /// <summary>
    /// The same on another host; <c>Redis</c> in the settings may be another one.
    /// </summary>
    public async Task<ToolRun> MergeAsync(RedisServer server, params (string Name, string Value)[] more)
    {
        var settings = new JsonObject
        {
            ["Redis"] = Cluster.ConnectionString,
            ["RedisAddress"] = server.Endpoint,
            ["RedisConfig"] = Path.Combine(server.WorkingDirectory, "redis.conf"),
            ["RedisProgram"] = ServerBinary.Find("redis-server"),
            ["KeyPrefix"] = "cs",
        };
        foreach (var (name, value) in more)
        {
            settings[name] = value;
        }

        var file = _directory.File("merge.json");
        var section = new JsonObject { ["ClusterSession"] = new JsonObject { ["Sentinel"] = settings } };
        await File.WriteAllTextAsync(file, section.ToJsonString());
        return await ToolRun.RunAsync("sentinel", "merge", "--config", file);
    }

    /// <summary>Starts it on its port, and waits until Sentinel has made it a replica.</summary>
    public Task OpenAsync() => OpenAsync(Former);

    /// <summary>The same with another one.</summary>
    public async Task OpenAsync(RedisServer server)
    {
        await server.StartAgainAsync();
        await Condition.HoldsAsync(
            async () => await server.InfoAsync("replication", "role") == "slave",
            "Sentinel has made the former master a replica",
            TimeSpan.FromSeconds(60)
        );
        await server.HasAllOfAsync(await Cluster.MasterAsync());
    }

    /// <summary>How many of all sessions it lacks.</summary>
    public async Task<int> LacksAsync(RedisServer server)
    {
        var lacks = 0;
        foreach (var key in _keys)
        {
            lacks += await server.CommandAsync("EXISTS", key) == "1" ? 0 : 1;
        }

        Assert.Equal(Shared + Own, _keys.Count);
        return lacks;
    }

    public async ValueTask DisposeAsync()
    {
        await Cluster.DisposeAsync();
        _directory.Dispose();
    }

    private async Task StoreAsync(int sessions, string value) =>
        _keys.AddRange(
            await StoredSessions.WriteAsync(Former, Enumerable.Range(0, sessions).Select(i => $"{value} {i}"))
        );
}
