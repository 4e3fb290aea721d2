using ClusterSession.Redis;
using ClusterSession.TestKit.Nodes;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging.Abstractions;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>Nodes over a real Redis.</summary>
internal static class RedisNode
{
    public static RedisSessionStore Store(string connectionString, TimeSpan? lease = null, string prefix = "cs") =>
        new(
            RedisOptions.Parse(connectionString),
            prefix,
            lease ?? TimeSpan.FromSeconds(30),
            TimeProvider.System,
            new Random(7),
            NullLogger<RedisSessionStore>.Instance
        );

    /// <summary>
    /// The lease is long by default: a test that counts commands must not fail because the machine
    /// was busy for a second.
    /// </summary>
    public static Task<TestNode> StartAsync(
        RedisServer redis,
        Action<ClusterSessionOptions>? options = null,
        Action<IEndpointRouteBuilder>? endpoints = null,
        TimeSpan? lease = null
    ) => TestNode.StartAsync(Store(redis.ConnectionString, lease), endpoints, options);
}
