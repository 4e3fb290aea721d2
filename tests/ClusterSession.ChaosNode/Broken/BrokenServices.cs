using ClusterSession.Redis;
using ClusterSession.Stores;
using ClusterSession.TestKit.Faults;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace ClusterSession.ChaosNode.Broken;

/// <summary>Puts what is broken over what was built.</summary>
internal static class BrokenServices
{
    /// <summary>The connection string of the node's store.</summary>
    public static string StoreOf(NodeSettings settings)
    {
        if (settings.Broken.HasFlag(BrokenPart.HistoryCheck))
        {
            return settings.Store + ",fenceTimeout=1000";
        }

        if (!settings.Broken.HasFlag(BrokenPart.OwnPushes))
        {
            return settings.Store;
        }

        // In the node itself, and there until it ends: it is frozen and killed with the node.
        var proxy = new TrackingProxy(
            RedisOptions.Parse(settings.Store).Endpoints[0].Port,
            TrackingProxy.NothingOfItsOwn
        );
        return $"127.0.0.1:{proxy.Port}";
    }

    public static void Break(this IServiceCollection services, BrokenPart broken)
    {
        if (broken == BrokenPart.Nothing)
        {
            return;
        }
        var build = services.Last(s => s.ServiceType == typeof(IClusterSessionStore)).ImplementationFactory!;
        services.Replace(
            ServiceDescriptor.Singleton<IClusterSessionStore>(provider => new BrokenStore(
                (IClusterSessionStore)build(provider),
                broken,
                provider.GetRequiredService<IOptions<ClusterSessionOptions>>().Value
            ))
        );
    }
}
