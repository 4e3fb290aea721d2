using System.Globalization;

namespace ClusterSession.MacroBenchmarks.Servers;

/// <summary>A Redis of its own for one variant, so that what it counts belongs to that variant alone: nothing saved, loopback only.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    /// <summary>Commands that tell of connections and of measuring, not of requests.</summary>
    private static readonly HashSet<string> NotCounted =
        ["info", "ping", "echo", "role", "client", "hello", "monitor", "config", "select", "auth", "command", "function", "script", "subscribe", "sentinel", "cluster"];

    private readonly OwnedProcess _process;

    private RedisServer(OwnedProcess process, int port)
    {
        _process = process;
        Port = port;
    }

    public int Port { get; }

    public int Pid => _process.Pid;

    public string ConnectionString => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    public static async Task<RedisServer> StartAsync(string directory)
    {
        Directory.CreateDirectory(directory);
        var port = OwnedProcess.FreePort();
        var process = await OwnedProcess.StartAsync(
            Path.Combine(directory, "log"), null,
            "redis-server", "--port", port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--dir", directory,
            "--save", "", "--appendonly", "no");
        var server = new RedisServer(process, port);
        await process.WaitUntilAsync(async () => (await server.InfoAsync()).ContainsKey("redis_version"), TimeSpan.FromSeconds(10));
        return server;
    }

    /// <summary>What the server counts of itself.</summary>
    public async Task<RedisUsage> UsageAsync()
    {
        var info = await InfoAsync();
        var commands = info
            .Where(line => line.Key.StartsWith("cmdstat_", StringComparison.Ordinal) && !NotCounted.Contains(line.Key[8..].Split('|')[0]))
            .Sum(line => long.Parse(line.Value.Split(',')[0]["calls=".Length..], CultureInfo.InvariantCulture));
        return new RedisUsage(
            commands,
            (long)Number(info, "total_net_input_bytes"),
            (long)Number(info, "total_net_output_bytes"),
            (Number(info, "used_cpu_user") + Number(info, "used_cpu_sys")) * 1e6);
    }

    /// <summary>How often a command was called, also from scripts.</summary>
    public async Task<long> CallsAsync(string command) =>
        (await InfoAsync()).TryGetValue("cmdstat_" + command, out var line)
            ? long.Parse(line.Split(',')[0]["calls=".Length..], CultureInfo.InvariantCulture)
            : 0;

    public async Task<string> VersionAsync() => (await InfoAsync())["redis_version"];

    /// <summary>Watches what clients send, apart from what scripts call, until it is disposed.</summary>
    public Task<RedisMonitor> MonitorAsync() => RedisMonitor.StartAsync(Port, NotCounted);

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private async Task<Dictionary<string, string>> InfoAsync()
    {
        using var client = new RedisTextClient(Port);
        var text = await client.ReadBulkAsync("INFO everything");
        return text.Split("\r\n").Where(line => line.Contains(':')).Select(line => line.Split(':', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
    }

    private static double Number(Dictionary<string, string> info, string name) => double.Parse(info[name], CultureInfo.InvariantCulture);
}
