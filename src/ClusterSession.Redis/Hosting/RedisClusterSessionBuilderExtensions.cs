using ClusterSession;
using ClusterSession.Redis;
using ClusterSession.Redis.Hosting;
using ClusterSession.Stores;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Keeps sessions in Redis.</summary>
public static class RedisClusterSessionBuilderExtensions
{
    /// <summary>
    /// Keeps sessions in the Redis that the configuration names as <c>ClusterSession:Redis</c>.
    /// When the configuration is loaded again and names another one, sessions move
    /// there while requests go on. A setting that is missing or wrong is reported at start,
    /// together with the other settings of sessions.
    /// </summary>
    /// <param name="builder">From <c>AddClusterSession</c>.</param>
    public static ClusterSessionBuilder UseRedis(this ClusterSessionBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder
            .UseStore(CreateWatchedStore)
            .Check(static (provider, _) => RedisSettingsValidator.CheckSetting(provider.GetService<IConfiguration>()));
    }

    /// <summary>
    /// Keeps sessions in Redis. A connection string that is empty or wrong is reported at start,
    /// together with the other settings of sessions.
    /// </summary>
    /// <param name="builder">From <c>AddClusterSession</c>.</param>
    /// <param name="connectionString"><c>host:6379,password=...,ssl=true</c> as StackExchange.Redis
    /// has it, or a redis:// or rediss:// URI.</param>
    public static ClusterSessionBuilder UseRedis(this ClusterSessionBuilder builder, string connectionString)
    {
        ArgumentNullException.ThrowIfNull(builder);

        // Null too is reported at start: it is what GetConnectionString answers for a name that
        // does not exist.
        return builder
            .UseStore(provider => CreateStore(provider, () => RedisOptions.Parse(connectionString)))
            .Check(
                (provider, _) =>
                    RedisSettingsValidator.CheckGiven(connectionString, provider.GetService<IConfiguration>())
            );
    }

    /// <summary>
    /// Keeps sessions in Redis. Options that cannot be used are reported at start, together with
    /// the other settings of sessions.
    /// </summary>
    /// <param name="builder">From <c>AddClusterSession</c>.</param>
    /// <param name="options">How to reach it.</param>
    public static ClusterSessionBuilder UseRedis(this ClusterSessionBuilder builder, RedisOptions options)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(options);
        return builder
            .UseStore(provider => CreateStore(provider, () => options))
            .Check((_, sessions) => RedisSettingsValidator.CheckOptions(options, sessions));
    }

    private static ClusterSessionBuilder Check(
        this ClusterSessionBuilder builder,
        Func<IServiceProvider, ClusterSessionOptions, IEnumerable<string>> validate
    )
    {
        var services = builder.Services;
        var store = services.Last(static service => service.ServiceType == typeof(IClusterSessionStore));
        services.AddSingleton<IValidateOptions<ClusterSessionOptions>>(provider => new RedisSettingsValidator(
            services,
            store,
            sessions => validate(provider, sessions)
        ));
        return builder;
    }

    private static RedisSessionStore CreateWatchedStore(IServiceProvider provider)
    {
        var configuration = provider.GetRequiredService<IConfiguration>();
        return CreateStore(
            provider,
            () => RedisOptions.Parse(configuration[ConnectionStringWatch.Setting]!),
            store => new ConnectionStringWatch(
                configuration,
                text => Limited(provider, RedisOptions.Parse(text)),
                store,
                provider.GetRequiredService<ILogger<RedisSessionStore>>()
            )
        );
    }

    private static RedisSessionStore CreateStore(
        IServiceProvider provider,
        Func<RedisOptions> options,
        Func<RedisSessionStore, IDisposable>? watch = null
    )
    {
        // First, because it names everything that is wrong, the options of Redis too.
        var sessions = provider.GetRequiredService<IOptions<ClusterSessionOptions>>().Value;
        return new RedisSessionStore(
            Limited(provider, options()),
            sessions.KeyPrefix!,
            sessions.LocalCopies.Lease,
            provider.GetRequiredService<TimeProvider>(),
            new Random(),
            provider.GetRequiredService<ILogger<RedisSessionStore>>(),
            watch
        );
    }

    /// <summary>No command may take longer than a request waits for the store.</summary>
    private static RedisOptions Limited(IServiceProvider provider, RedisOptions options)
    {
        var sessions = provider.GetRequiredService<IOptions<ClusterSessionOptions>>().Value;
        var limit = sessions.Outage.HardTimeout;
        var limited = options.Snapshot();
        limited.NeedsWait = sessions.Durability == SessionDurability.Replicated && sessions.Replicas > 0;
        limited.CommandTimeout = limited.CommandTimeout < limit ? limited.CommandTimeout : limit;
        return limited;
    }
}
