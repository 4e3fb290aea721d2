using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.StackExchangeRedis;
using Microsoft.Extensions.DependencyInjection;
using ZiggyCreatures.Caching.Fusion;
using ZiggyCreatures.Caching.Fusion.Backplane.StackExchangeRedis;
using ZiggyCreatures.Caching.Fusion.Serialization.SystemTextJson;

namespace ClusterSession.MacroBenchmarks.Application;

/// <summary>
/// ASP.NET Core's own session on each of the caches that it is compared on, configured as their
/// documentation shows.
/// </summary>
internal static class AddSessionCaches
{
    public static void Add(IServiceCollection services, string variant, string? redis, string keyDirectory)
    {
        services
            .AddDataProtection()
            .SetApplicationName("benchmark")
            .PersistKeysToFileSystem(new DirectoryInfo(keyDirectory));
        switch (variant)
        {
            case Variants.AddSessionMemory:
                services.AddDistributedMemoryCache(options => options.SizeLimit = 4L << 30);
                break;
            case Variants.AddSessionRedis:
                services.AddStackExchangeRedisCache(options => options.Configuration = redis);
                break;
            case Variants.AddSessionRedisOurClient:
                services.AddSingleton<IDistributedCache>(new RedisDistributedCache(redis!));
                break;
            case Variants.AddSessionFusionCache:
                // Redis is handed over instead of registered: AddSession must find FusionCache, and
                // FusionCache what is behind it.
                services
                    .AddFusionCache()
                    .WithSerializer(new FusionCacheSystemTextJsonSerializer())
                    .WithDistributedCache(new RedisCache(new RedisCacheOptions { Configuration = redis }))
                    .WithBackplane(new RedisBackplane(new RedisBackplaneOptions { Configuration = redis }));
                services.AddSingleton<IDistributedCache, FusionDistributedCache>();
                break;
            default:
                throw new ArgumentException(
                    $"There is no variant '{variant}'; known are {string.Join(", ", Variants.All)}."
                );
        }

        services.AddSession();
    }
}
