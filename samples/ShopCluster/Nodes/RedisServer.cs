using System.Globalization;
using System.Net.Sockets;
using System.Text;
using ShopCluster.Processes;

namespace ShopCluster.Nodes;

/// <summary>The store of the demo: a Redis of its own, that keeps nothing on disk.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly int _port;

    private RedisServer(ChildProcess process, int port)
    {
        _process = process;
        _port = port;
    }

    public static async Task<RedisServer> StartAsync(int port, WorkDirectory directory, CancellationToken cancellation)
    {
        var process = await ChildProcess.StartAsync(
            "redis-server", directory.File("redis.log"), "redis-server",
            "--port", port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--dir", directory.Path,
            "--save", "", "--appendonly", "no");
        var server = new RedisServer(process, port);
        try
        {
            await process.WaitUntilReadyAsync(async () => (await server.LookAsync(cancellation)).Up, cancellation);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>What the page shows of the store.</summary>
    public async Task<StoreStatus> LookAsync(CancellationToken cancellation)
    {
        if (_process.HasExited) return StoreStatus.Down;
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(TimeSpan.FromSeconds(1));
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", _port, timeout.Token);
            await using var stream = client.GetStream();
            // Redis also takes commands as plain lines; QUIT ends the answer, so that reading to the end is enough.
            await stream.WriteAsync("DBSIZE\r\nINFO stats\r\nQUIT\r\n"u8.ToArray(), timeout.Token);
            using var reader = new StreamReader(stream, Encoding.ASCII);
            return Parse(await reader.ReadToEndAsync(timeout.Token));
        }
        catch (Exception failure) when (failure is SocketException or IOException or OperationCanceledException)
        {
            cancellation.ThrowIfCancellationRequested();
            return StoreStatus.Down;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static StoreStatus Parse(string answer)
    {
        var lines = answer.Split("\r\n");
        return lines[0] is [':', .. var keys] && Number(keys) is { } count
            ? new StoreStatus(true, count, Number(Field(lines, "instantaneous_ops_per_sec:")) ?? 0)
            : StoreStatus.Down;
    }

    private static string Field(string[] lines, string name) =>
        lines.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?[name.Length..] ?? "";

    private static long? Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}

/// <summary>What the page shows of the store.</summary>
internal sealed record StoreStatus(bool Up, long Keys, long CommandsPerSecond)
{
    public static StoreStatus Down { get; } = new(false, 0, 0);
}
