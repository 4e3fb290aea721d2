using System.Globalization;
using System.Net.Sockets;
using ShopCluster.Processes;

namespace ShopCluster.Nodes;

/// <summary>The store of the demo: a Redis of its own, that keeps nothing on disk.</summary>
internal sealed class DemoStore : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private readonly RedisServer _server;

    private DemoStore(RedisServer server) => _server = server;

    public static async Task<DemoStore> StartAsync(int port, WorkDirectory directory) =>
        new(
            await RedisServer.StartAsync(
                new RedisServerOptions
                {
                    Port = port,
                    Directory = directory.Path,
                    LogFile = directory.File("redis.log"),
                }
            )
        );

    /// <summary>What the page shows of the store.</summary>
    public async Task<StoreStatus> LookAsync(CancellationToken cancellation)
    {
        if (_server.Process.HasExited)
        {
            return StoreStatus.Down;
        }

        try
        {
            var keys = await _server.CommandAsync("DBSIZE").WaitAsync(Patience, cancellation);
            var commands = await _server
                .InfoAsync("stats", "instantaneous_ops_per_sec")
                .WaitAsync(Patience, cancellation);
            return Number(keys) is { } count ? new StoreStatus(true, count, Number(commands) ?? 0) : StoreStatus.Down;
        }
        catch (Exception failure) when (failure is SocketException or IOException or TimeoutException)
        {
            return StoreStatus.Down;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static long? Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}

/// <summary>What the page shows of the store.</summary>
internal sealed record StoreStatus(bool Up, long Keys, long CommandsPerSecond)
{
    public static StoreStatus Down { get; } = new(false, 0, 0);
}
