using ClusterSession;
using ClusterSession.Redis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Keeps sessions in Redis.</summary>
public static class RedisClusterSessionBuilderExtensions
{
    /// <summary>Keeps sessions in the Redis that the configuration names as <c>ClusterSession:Redis</c>.</summary>
    /// <param name="builder">From <c>AddClusterSession</c>.</param>
    public static ClusterSessionBuilder UseRedis(this ClusterSessionBuilder builder) => builder.Use(static provider =>
        RedisOptions.Parse(provider.GetRequiredService<IConfiguration>()["ClusterSession:Redis"] ?? throw new OptionsValidationException(
            "ClusterSession", typeof(RedisOptions), ["ClusterSession:Redis is missing. Set it to a connection string such as 'localhost:6379', or call UseRedis with one."])));

    /// <summary>Keeps sessions in Redis.</summary>
    /// <param name="builder">From <c>AddClusterSession</c>.</param>
    /// <param name="connectionString"><c>host:6379,password=...,ssl=true</c> as StackExchange.Redis has it, or a redis:// or rediss:// URI.</param>
    /// <exception cref="FormatException">The connection string is wrong; the message says which part, and what to write instead.</exception>
    public static ClusterSessionBuilder UseRedis(this ClusterSessionBuilder builder, string connectionString) =>
        builder.UseRedis(RedisOptions.Parse(connectionString));

    /// <summary>Keeps sessions in Redis.</summary>
    /// <param name="builder">From <c>AddClusterSession</c>.</param>
    /// <param name="options">How to reach it.</param>
    public static ClusterSessionBuilder UseRedis(this ClusterSessionBuilder builder, RedisOptions options) => builder.Use(_ => options);

    private static ClusterSessionBuilder Use(this ClusterSessionBuilder builder, Func<IServiceProvider, RedisOptions> options)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.UseStore(provider =>
        {
            var sessions = provider.GetRequiredService<IOptions<ClusterSessionOptions>>().Value;
            var redis = options(provider).Snapshot();
            redis.CommandTimeout = redis.CommandTimeout < sessions.Outage.HardTimeout ? redis.CommandTimeout : sessions.Outage.HardTimeout;
            return new RedisSessionStore(
                redis, sessions.KeyPrefix, sessions.LocalCopies.Lease, provider.GetRequiredService<TimeProvider>(), new Random(),
                provider.GetRequiredService<ILogger<RedisSessionStore>>());
        });
    }
}
