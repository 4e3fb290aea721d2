using System.Globalization;

namespace ClusterSession.MacroBenchmarks.Servers;

/// <summary>
/// A Redis of its own for one variant, so that what it counts belongs to that variant alone:
/// nothing saved, loopback only.
/// </summary>
internal sealed class MeasuredRedis : IAsyncDisposable
{
    /// <summary>Commands that tell of connections and of measuring, not of requests.</summary>
    private static readonly HashSet<string> NotCounted =
    [
        "info",
        "ping",
        "echo",
        "role",
        "client",
        "hello",
        "monitor",
        "config",
        "select",
        "auth",
        "command",
        "function",
        "script",
        "subscribe",
        "sentinel",
        "cluster",
    ];

    private readonly RedisServer _server;

    private MeasuredRedis(RedisServer server) => _server = server;

    public int Port => _server.Port;

    public int Pid => _server.Process.Pid;

    public string ConnectionString => _server.ConnectionString;

    public static async Task<MeasuredRedis> StartAsync(string directory)
    {
        Directory.CreateDirectory(directory);
        return new MeasuredRedis(await RedisServer.StartAsync(new RedisServerOptions { Directory = directory }));
    }

    /// <summary>What the server counts of itself.</summary>
    public async Task<RedisUsage> UsageAsync()
    {
        var info = await InfoAsync();
        var commands = info.Where(line =>
                line.Key.StartsWith("cmdstat_", StringComparison.Ordinal)
                && !NotCounted.Contains(line.Key[8..].Split('|')[0])
            )
            .Sum(line => long.Parse(line.Value.Split(',')[0]["calls=".Length..], CultureInfo.InvariantCulture));
        return new RedisUsage(
            commands,
            (long)Number(info, "total_net_input_bytes"),
            (long)Number(info, "total_net_output_bytes"),
            (Number(info, "used_cpu_user") + Number(info, "used_cpu_sys")) * 1e6
        );
    }

    /// <summary>How often a command was called, also from scripts.</summary>
    public async Task<long> CallsAsync(string command) =>
        (await InfoAsync()).TryGetValue("cmdstat_" + command, out var line)
            ? long.Parse(line.Split(',')[0]["calls=".Length..], CultureInfo.InvariantCulture)
            : 0;

    public async Task<string> VersionAsync() => (await InfoAsync())["redis_version"];

    /// <summary>
    /// Watches what clients send, apart from what scripts call, until it is disposed.
    /// </summary>
    public Task<RedisMonitor> MonitorAsync() => RedisMonitor.StartAsync(Port, NotCounted);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task<Dictionary<string, string>> InfoAsync()
    {
        var text = await _server.CommandAsync("INFO", "everything");
        return text.Split("\r\n")
            .Where(line => line.Contains(':'))
            .Select(line => line.Split(':', 2))
            .ToDictionary(pair => pair[0], pair => pair[1]);
    }

    private static double Number(Dictionary<string, string> info, string name) =>
        double.Parse(info[name], CultureInfo.InvariantCulture);
}
