using ClusterSession.Serialization;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ClusterSession;

/// <summary>Completes what <c>AddClusterSession</c> began: which store, which serializer.</summary>
/// <param name="services">The application's services.</param>
public sealed class ClusterSessionBuilder(IServiceCollection services)
{
    /// <summary>The application's services.</summary>
    public IServiceCollection Services { get; } = services;

    /// <summary>Keeps the sessions in the memory of this process: development and tests. The default.</summary>
    public ClusterSessionBuilder UseInMemory()
    {
        Services.TryAddSingleton(static provider => new InMemorySessions(provider.GetRequiredService<TimeProvider>()));
        return UseStore(static provider => new InMemorySessionStore(provider.GetRequiredService<InMemorySessions>()));
    }

    /// <summary>Keeps the sessions in a store of one's own.</summary>
    /// <param name="store">Makes it.</param>
    public ClusterSessionBuilder UseStore(Func<IServiceProvider, IClusterSessionStore> store)
    {
        Services.Replace(ServiceDescriptor.Singleton(store));
        return this;
    }

    /// <summary>Uses another serializer for <c>Get</c> and <c>Set</c> of typed values.</summary>
    /// <param name="serializer">The serializer.</param>
    public ClusterSessionBuilder UseSerializer(ISessionSerializer serializer)
    {
        Services.Replace(ServiceDescriptor.Singleton(serializer));
        return this;
    }
}
