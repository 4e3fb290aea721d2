using System.Globalization;
using ClusterSession.Failover.Notifying;
using ClusterSession.Redis;
using ClusterSession.TestKit.Conformance;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace ClusterSession.ChaosTests.Agents.Alone;

/// <summary>One of two hosts: a Redis that starts closed, and the notify command.</summary>
internal sealed class AloneSide(NetworkHost host, RedisServer redis, string settings, string directory)
    : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly List<ServerProcess> _notified = [];

    public RedisServer Redis => redis;

    /// <summary>Settings of the command, and its directory.</summary>
    public string Settings => settings;

    public string Notices => directory;

    public static string Program => Path.Combine(AppContext.BaseDirectory, "cluster-session.dll");

    /// <summary>How nodes reach this Redis and no other.</summary>
    public string ConnectionString =>
        $"{redis.Endpoint},fence=lease,user={AgentSite.NodeUser},password={AgentSite.NodePassword}";

    /// <summary>What keepalived does at a change: starts a process, and does not wait.</summary>
    public async Task<ServerProcess> NotifyAsync(string state)
    {
        var process = await host.StartAsync(
            "dotnet",
            ["exec", Program, "failover", "notify", state, "--config", settings],
            redis.WorkingDirectory
        );
        _notified.Add(process);
        return process;
    }

    /// <summary>The same, until it has said so.</summary>
    public async Task<ServerProcess> NotifyAsync(string state, string until)
    {
        var process = await NotifyAsync(state);
        await SaysAsync(process, until);
        return process;
    }

    public static Task SaysAsync(ServerProcess process, string sentence) =>
        Condition.HoldsAsync(
            () => process.Output.Contains(sentence, StringComparison.Ordinal),
            $"it says: {sentence}",
            Patience
        );

    /// <summary>Waits for its end.</summary>
    public static async Task<int> EndAsync(ServerProcess process)
    {
        await Condition.HoldsAsync(() => process.HasExited, "the command has ended", Patience);
        return process.ExitCode;
    }

    /// <summary>A command of the agents' user.</summary>
    public async Task<string> AskAsync(params string[] command)
    {
        using var client = await RawRedisClient.ConnectAsync(redis.Host, redis.Port, null, TimeSpan.FromSeconds(10));
        await client.CommandAsync("AUTH", AgentSite.AgentUser, AgentSite.AgentPassword);
        return await client.CommandAsync(command);
    }

    /// <summary>Whether the application's user may log in.</summary>
    public async Task<bool> IsOpenAsync()
    {
        using var client = await RawRedisClient.ConnectAsync(redis.Host, redis.Port, null, TimeSpan.FromSeconds(10));
        return await client.CommandAsync("AUTH", AgentSite.NodeUser, AgentSite.NodePassword) == "OK"
            && (await AskAsync("GET", AgentSite.LeaseKey)).Length > 0;
    }

    /// <summary>Waits until it has all that the other one has, over its link.</summary>
    public Task FollowsAsync(AloneSide other) =>
        Condition.HoldsAsync(
            async () =>
                (await AskAsync("INFO", "replication")) is var info
                && info.Contains("master_link_status:up", StringComparison.Ordinal)
                && info.Contains(
                    $"master_port:{other.Redis.Port.ToString(CultureInfo.InvariantCulture)}\r",
                    StringComparison.Ordinal
                )
                && Offset(info) == Offset(await other.AskAsync("INFO", "replication"))
                && (await SessionsAsync()).SequenceEqual(await other.SessionsAsync()),
            $"{redis.Endpoint} follows {other.Redis.Endpoint}, and has what that has",
            Patience
        );

    private static string Offset(string info) =>
        info.Split("\r\n").First(line => line.StartsWith("master_repl_offset:", StringComparison.Ordinal));

    /// <summary>The names of its sessions.</summary>
    public async Task<IReadOnlyList<string>> SessionsAsync() =>
        [
            .. (await AskAsync("KEYS", $"{AgentSite.KeyPrefix}:1:{{*"))
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Order(StringComparer.Ordinal),
        ];

    /// <summary>A node's store on this Redis.</summary>
    public async Task<RedisSessionStore> StoreAsync()
    {
        var store = Store(ConnectionString);
        await store.StartAsync(new RecordingObserver(), default);
        return store;
    }

    /// <summary>One that is not started yet.</summary>
    public static RedisSessionStore Store(string connection) =>
        new(
            RedisOptions.Parse(connection),
            AgentSite.KeyPrefix,
            TimeSpan.FromSeconds(30),
            TimeProvider.System,
            new Random(7),
            NullLogger<RedisSessionStore>.Instance
        );

    /// <summary>Ends what keepalived has started, by saying stop as it does.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Directory.Exists(directory))
        {
            redis.Process.Continue();
            await EndAsync(await NotifyAsync("stop"));
            using var held = await new NoticeDirectory(directory, TimeProvider.System).LockAsync(default);
            Assert.NotNull(held);
        }

        foreach (var process in _notified)
        {
            await process.DisposeAsync();
        }

        await redis.DisposeAsync();
    }
}
