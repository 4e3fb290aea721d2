using System.Collections.Concurrent;
using System.Text;
using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using ClusterSession.TestKit.Redis;

namespace ClusterSession.Tests.Redis.Connection;

/// <summary>A connection to a scripted server, and everything that it was pushed.</summary>
internal sealed class ScriptedConnection : IAsyncDisposable, IRedisPushHandler
{
    private ScriptedConnection() { }

    public ScriptedRedisServer Server { get; } = new();

    public RedisConnection Connection { get; private set; } = null!;

    public ConcurrentQueue<string> Events { get; } = new();

    /// <summary>
    /// Connects with deadlines so long that they play no part, unless a test sets others.
    /// </summary>
    public static async Task<ScriptedConnection> OpenAsync(
        Action<RedisOptions>? configure = null,
        Action<ScriptedRedisServer>? script = null
    )
    {
        var scripted = new ScriptedConnection();
        script?.Invoke(scripted.Server);
        var options = Options(scripted.Server.Port, configure);
        var connector = new RedisConnector(
            options,
            TimeProvider.System,
            scripted,
            new RedisHandshakeOptions(Tracking: true)
        );
        try
        {
            scripted.Connection = await connector.ConnectAsync(options.Endpoints[0], CancellationToken.None);
        }
        catch
        {
            await scripted.Server.DisposeAsync();
            throw;
        }

        return scripted;
    }

    public static RedisOptions Options(int port, Action<RedisOptions>? configure = null)
    {
        var options = new RedisOptions
        {
            Endpoints = [new RedisEndpoint("127.0.0.1", port)],
            CommandTimeout = TimeSpan.FromSeconds(60),
            HeartbeatInterval = TimeSpan.FromSeconds(60),
            HeartbeatTimeout = TimeSpan.FromSeconds(90),
            ConnectTimeout = TimeSpan.FromSeconds(20),
        };
        configure?.Invoke(options);
        return options;
    }

    public void OnInvalidate(RedisConnection connection, ReadOnlySpan<byte> key) =>
        Events.Enqueue("invalidate " + Encoding.UTF8.GetString(key));

    public void OnInvalidateAll(RedisConnection connection) => Events.Enqueue("invalidate all");

    public void OnMessage(RedisConnection connection, ReadOnlySpan<byte> channel, ReadOnlySpan<byte> payload) =>
        Events.Enqueue($"message {Encoding.UTF8.GetString(channel)} {Encoding.UTF8.GetString(payload)}");

    public async ValueTask DisposeAsync()
    {
        await Connection.DisposeAsync();
        await Server.DisposeAsync();
    }
}
