using ClusterSession.Redis;
using ClusterSession.Redis.Connection;

namespace ClusterSession.IntegrationTests.Redis.Connection;

/// <summary>Connections and options for a server under test.</summary>
internal static class Connect
{
    public static RedisOptions Options(RedisServer server, Action<RedisOptions>? configure = null)
    {
        var options = new RedisOptions { Endpoints = [new RedisEndpoint(server.Host, server.Port)] };
        configure?.Invoke(options);
        return options;
    }

    public static Task<RedisConnection> ToAsync(
        RedisServer server,
        Action<RedisOptions>? configure = null,
        IRedisPushHandler? pushes = null,
        bool tracking = false,
        RedisRole? role = null
    )
    {
        var options = Options(server, configure);
        var connector = new RedisConnector(
            options,
            TimeProvider.System,
            pushes,
            new RedisHandshakeOptions(tracking, role)
        );
        return connector.ConnectAsync(options.Endpoints[0], CancellationToken.None);
    }
}
