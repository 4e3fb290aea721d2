using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using ClusterSession.Failover.Face;
using Xunit;

namespace ClusterSession.ChaosTests.Agents;

/// <summary>A Redis that starts closed, and its agent: a process each.</summary>
internal sealed class SiteMember(
    string name,
    NetworkHost host,
    int agentPort,
    RedisServer redis,
    string settings,
    HttpClient http
) : IAsyncDisposable
{
    private ServerProcess? _agent;

    public string Name => name;

    public RedisServer Redis => redis;

    public ServerProcess Agent =>
        _agent ?? throw new InvalidOperationException($"The agent of {name} has not been started.");

    public string AgentAddress => string.Create(CultureInfo.InvariantCulture, $"{host.Address}:{agentPort}");

    public Task KillRedisAsync() => redis.Kill9Async();

    public Task KillAgentAsync() => Agent.Kill9Async();

    /// <summary>Starts its Redis, closed, with the data that it has on disk.</summary>
    public async Task StartRedisAsync()
    {
        await redis.StartAgainAsync();
        await Condition.HoldsAsync(
            async () => await AskRedisAsync("PING") == "PONG",
            $"the Redis of {name} has loaded its data"
        );
    }

    /// <summary>Thaws what is frozen and starts what has ended.</summary>
    public async Task BringBackAsync()
    {
        if (redis.Process.HasExited)
        {
            await StartRedisAsync();
        }

        redis.Process.Continue();
        await StartAgentAsync();
        Agent.Continue();
    }

    /// <summary>Starts its agent, unless that runs.</summary>
    public async Task StartAgentAsync()
    {
        if (_agent is { HasExited: false })
        {
            return;
        }

        if (_agent is { } old)
        {
            await old.DisposeAsync();
        }

        _agent = await AgentSite.StartToolAsync(host, "agent", settings);
    }

    /// <summary>What GET of a path is answered with; 0: it is not.</summary>
    public async Task<int> GetAsync(string path)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri($"http://{AgentAddress}{path}"));
            return (int)answer.StatusCode;
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
        {
            return 0;
        }
    }

    /// <summary>GET /cluster; null: it does not respond.</summary>
    public async Task<ClusterStatus?> StatusAsync()
    {
        try
        {
            using var answer = await http.GetAsync(new Uri($"http://{AgentAddress}/cluster"));
            return await answer.Content.ReadFromJsonAsync(FaceJson.Default.ClusterStatus);
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException or JsonException)
        {
            return null;
        }
    }

    /// <summary>POST /cluster/commands.</summary>
    public async Task<CommandAnswer> CommandAsync(CommandRequest command)
    {
        using var answer = await http.PostAsync(
            new Uri($"http://{AgentAddress}/cluster/commands"),
            JsonContent.Create(command, FaceJson.Default.CommandRequest)
        );
        return (await answer.Content.ReadFromJsonAsync(FaceJson.Default.CommandAnswer))!;
    }

    /// <summary>Sends its Redis a command as the agents' user.</summary>
    public async Task<string> AskRedisAsync(params string[] command)
    {
        using var client = await ConnectAsync();
        return await client.CommandAsync(command);
    }

    /// <summary>A connection to its Redis as the agents' user.</summary>
    public async Task<RawRedisClient> ConnectAsync()
    {
        var client = await RawRedisClient.ConnectAsync(redis.Host, redis.Port, null, TimeSpan.FromSeconds(10));
        await client.CommandAsync("AUTH", AgentSite.AgentUser, AgentSite.AgentPassword);
        return client;
    }

    /// <summary>How far its data goes.</summary>
    public async Task<long> OffsetAsync()
    {
        var info = await AskRedisAsync("INFO", "replication");
        const string Name = "master_repl_offset:";
        var line = info.Split("\r\n").First(line => line.StartsWith(Name, StringComparison.Ordinal));
        return long.Parse(line.AsSpan(Name.Length), CultureInfo.InvariantCulture);
    }

    /// <summary>How many sessions it has that the other one has not, or not as they are.</summary>
    public async Task<int> AheadOfAsync(SiteMember other)
    {
        var (own, others) = (await SessionsAsync(), await other.SessionsAsync());
        return own.Count(session => others.GetValueOrDefault(session.Key) != session.Value);
    }

    /// <summary>
    /// How many writes it has refused because its record was not there, or not its own.
    /// </summary>
    public async Task<long> RefusedAsync()
    {
        const string Error = "errorstat_FENCED:count=";
        var line = (await AskRedisAsync("INFO", "errorstats"))
            .Split("\r\n")
            .FirstOrDefault(line => line.StartsWith(Error, StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line.AsSpan(Error.Length), CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// Everything that it holds but the record, by key: of what nodes have written as DUMP says it.
    /// </summary>
    public async Task<Dictionary<string, string>> DataAsync()
    {
        using var client = await ConnectAsync();
        var data = new Dictionary<string, string>();
        foreach (var key in (await client.CommandAsync("KEYS", "*")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // A node proves at each connect that it receives invalidations, by a key of its own
            // that no session is in.
            if (key != AgentSite.LeaseKey && !key.Contains(":probe:", StringComparison.Ordinal))
            {
                data[key] = FencedWriters.IsOne(key) ? "" : await client.CommandAsync("DUMP", key);
            }
        }

        return data;
    }

    /// <summary>
    /// The fields of each session, in an order that no server has of its own.
    /// </summary>
    private async Task<Dictionary<string, string>> SessionsAsync()
    {
        using var client = await ConnectAsync();
        var keys = await client.CommandAsync("KEYS", $"{AgentSite.KeyPrefix}:1:{{*");
        var sessions = new Dictionary<string, string>();
        foreach (var key in keys.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var fields = await client.CommandAsync("HGETALL", key);
            sessions[key] = string.Join('\n', fields.Split('\n').Order(StringComparer.Ordinal));
        }

        return sessions;
    }

    /// <summary>Checks that nothing was written since: what is over may have expired.</summary>
    public async Task IsUnchangedSinceAsync(Dictionary<string, string> data)
    {
        var changed = (await DataAsync())
            .Where(now => data.GetValueOrDefault(now.Key) != now.Value)
            .Select(now => $"{now.Key}: {(data.ContainsKey(now.Key) ? "changed" : "new")}");
        Assert.Empty(changed);
    }

    public async ValueTask DisposeAsync()
    {
        if (_agent is { } agent)
        {
            await agent.DisposeAsync();
        }

        await redis.DisposeAsync();
    }
}
