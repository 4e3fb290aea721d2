using ClusterSession.Serialization;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.Tickets;
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

    /// <summary>
    /// Keeps the logins of every cookie scheme in the sessions' store, so that <see cref="ISessionManager.EndAllAsync"/> logs a
    /// user out of every browser on every node, and a sign-out ends the login, not only the cookie. Before or after AddCookie;
    /// a scheme for which the application has set a <c>SessionStore</c> keeps that. Called again, it changes nothing.
    /// </summary>
    /// <remarks>
    /// The cookie then names the login, by a new random key for each sign-in. The ticket itself lies in the store, protected with the
    /// application's data protection keys, which all nodes must share. Cookies that still hold the whole ticket stay valid.
    /// </remarks>
    public ClusterSessionBuilder AddTicketStore()
    {
        TicketServices.Add(Services);
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
