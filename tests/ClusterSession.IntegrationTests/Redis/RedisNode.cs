using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Servers;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging.Abstractions;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>Nodes over a real Redis.</summary>
internal static class RedisNode
{
    public static RedisSessionStore Store(string connectionString, TimeSpan? lease = null, string prefix = "cs") => new(
        RedisOptions.Parse(connectionString), prefix, lease ?? TimeSpan.FromSeconds(1), TimeProvider.System, new Random(7), NullLogger<RedisSessionStore>.Instance);

    public static Task<TestNode> StartAsync(RedisServer redis, Action<ClusterSessionOptions>? options = null, Action<IEndpointRouteBuilder>? endpoints = null) =>
        TestNode.StartAsync(Store(redis.ConnectionString), endpoints, options);
}
