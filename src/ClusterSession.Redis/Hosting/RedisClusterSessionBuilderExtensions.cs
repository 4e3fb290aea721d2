using ClusterSession;
using ClusterSession.Redis;
using ClusterSession.Redis.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Keeps sessions in Redis.</summary>
public static class RedisClusterSessionBuilderExtensions
{
    /// <summary>
    /// Keeps sessions in the Redis that the configuration names as <c>ClusterSession:Redis</c>. When the configuration is loaded again and names another one, sessions move
    /// there while requests go on.
    /// </summary>
    /// <param name="builder">From <c>AddClusterSession</c>.</param>
    public static ClusterSessionBuilder UseRedis(this ClusterSessionBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.UseStore(static provider =>
        {
            var configuration = provider.GetRequiredService<IConfiguration>();
            var options = RedisOptions.Parse(configuration[ConnectionStringWatch.Setting] ?? throw new OptionsValidationException(
                "ClusterSession", typeof(RedisOptions), ["ClusterSession:Redis is missing. Set it to a connection string such as 'localhost:6379', or call UseRedis with one."]));
            var store = CreateStore(provider, options);
            store.Watch = new ConnectionStringWatch(
                configuration, text => Limited(provider, RedisOptions.Parse(text)), store, provider.GetRequiredService<ILogger<RedisSessionStore>>());
            return store;
        });
    }

    /// <summary>Keeps sessions in Redis.</summary>
    /// <param name="builder">From <c>AddClusterSession</c>.</param>
    /// <param name="connectionString"><c>host:6379,password=...,ssl=true</c> as StackExchange.Redis has it, or a redis:// or rediss:// URI.</param>
    /// <exception cref="FormatException">The connection string is wrong; the message says which part, and what to write instead.</exception>
    public static ClusterSessionBuilder UseRedis(this ClusterSessionBuilder builder, string connectionString) =>
        builder.UseRedis(RedisOptions.Parse(connectionString));

    /// <summary>Keeps sessions in Redis.</summary>
    /// <param name="builder">From <c>AddClusterSession</c>.</param>
    /// <param name="options">How to reach it.</param>
    public static ClusterSessionBuilder UseRedis(this ClusterSessionBuilder builder, RedisOptions options)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.UseStore(provider => CreateStore(provider, options));
    }

    private static RedisSessionStore CreateStore(IServiceProvider provider, RedisOptions options)
    {
        var sessions = provider.GetRequiredService<IOptions<ClusterSessionOptions>>().Value;
        return new RedisSessionStore(
            Limited(provider, options), sessions.KeyPrefix, sessions.LocalCopies.Lease, provider.GetRequiredService<TimeProvider>(), new Random(),
            provider.GetRequiredService<ILogger<RedisSessionStore>>());
    }

    /// <summary>No command may take longer than a request waits for the store.</summary>
    private static RedisOptions Limited(IServiceProvider provider, RedisOptions options)
    {
        var limit = provider.GetRequiredService<IOptions<ClusterSessionOptions>>().Value.Outage.HardTimeout;
        var limited = options.Snapshot();
        limited.CommandTimeout = limited.CommandTimeout < limit ? limited.CommandTimeout : limit;
        return limited;
    }
}
