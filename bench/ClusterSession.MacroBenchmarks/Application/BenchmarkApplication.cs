using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ClusterSession.MacroBenchmarks.Application;

/// <summary>
/// The application that is measured, in a process of its own: <c>app VARIANT [REDIS] --keys
/// DIRECTORY</c>.
/// </summary>
/// <remarks>
/// Its parent talks to it over standard input and output, so that measuring needs no request:
/// <code>
/// > port 41234                 once it listens
/// &lt; stats
/// > stats ALLOCATED GEN0 GEN2 PAUSE     bytes, collections of these generations, microseconds in which they stopped everything
/// &lt; (end of input)             ends it, also when the parent was killed
/// </code>
/// </remarks>
internal static class BenchmarkApplication
{
    public static async Task<int> RunAsync(string variant, string? redis, string keyDirectory)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.AddServerHeader = false;
        });
        AddSession(builder.Services, variant, redis, keyDirectory);
        await using var app = builder.Build();
        UseSession(app, variant);
        await app.StartAsync();
        var address = app
            .Services.GetRequiredService<IServer>()
            .Features.Get<IServerAddressesFeature>()!
            .Addresses.First();
        Console.WriteLine($"port {new Uri(address).Port}");
        while (Console.ReadLine() is { } line)
        {
            if (line == "stats")
            {
                Console.WriteLine(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"stats {GC.GetTotalAllocatedBytes(precise: true)} {GC.CollectionCount(0)} {GC.CollectionCount(2)} {GC.GetTotalPauseDuration().TotalMicroseconds}"
                    )
                );
            }
        }

        await app.StopAsync();
        return 0;
    }

    private static void AddSession(IServiceCollection services, string variant, string? redis, string keyDirectory)
    {
        switch (variant)
        {
            case Variants.None:
                break;
            case var peer when Variants.IsAddSession(peer):
                AddSessionCaches.Add(services, peer, redis, keyDirectory);
                break;
            case Variants.ClusterSessionMemory:
                services.AddClusterSession(Unbounded).UseInMemory();
                break;
            case Variants.ClusterSessionRedis:
                services.AddClusterSession(Unbounded).UseRedis(redis!);
                break;
            case Variants.ClusterSessionRedisLocal:
                services
                    .AddClusterSession(options =>
                    {
                        Unbounded(options);
                        options.Durability = SessionDurability.Local;
                    })
                    .UseRedis(redis!);
                break;
            default:
                throw new ArgumentException(
                    $"There is no variant '{variant}'; known are {string.Join(", ", Variants.All)}."
                );
        }
    }

    /// <summary>A million sessions must fit; the bounds themselves are not measured here.</summary>
    private static void Unbounded(ClusterSessionOptions options)
    {
        options.LocalCopies.MaxCount = 10_000_000;
        options.LocalCopies.MaxBytes = 8L << 30;
    }

    private static void UseSession(WebApplication app, string variant)
    {
        switch (variant)
        {
            case Variants.None:
                Endpoints.MapWithoutSession(app);
                return;
            case var peer when Variants.IsAddSession(peer):
                app.UseSession();
                break;
            default:
                app.UseClusterSession();
                break;
        }

        Endpoints.MapWithSession(app);
    }
}
