using ClusterSession.Stores;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace ClusterSession.ChaosNode.Broken;

/// <summary>Puts what is broken over what was built.</summary>
internal static class BrokenServices
{
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
