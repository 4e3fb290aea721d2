using ClusterSession.DataProtection;
using ClusterSession.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Session;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ClusterSession.Hosting;

/// <summary>
/// What an application has registered, as far as it tells of a mistake. Nothing is made of it: the
/// registrations are looked at.
/// </summary>
/// <param name="services">The application's services, to which more is added later.</param>
internal sealed class RegisteredServices(IServiceCollection services)
{
    /// <summary>The store that is registered where none was named.</summary>
    public ServiceDescriptor? UnnamedStore { get; init; }

    /// <summary>Whether no store was named, so that sessions live in this process only.</summary>
    public bool HasUnnamedStore =>
        UnnamedStore is not null
        && ReferenceEquals(
            UnnamedStore,
            services.LastOrDefault(static service => service.ServiceType == typeof(IClusterSessionStore))
        );

    /// <summary>Whether AddSession was called.</summary>
    public bool HasAddSession => services.Any(IsOfAddSession);

    /// <summary>The application's own store for AddSession, if it has one.</summary>
    public string? OwnSessionStore =>
        services
            .Where(static service => service.ServiceType == typeof(ISessionStore) && !IsOfAddSession(service))
            .Select(static service =>
                (service.ImplementationType ?? service.ImplementationInstance?.GetType())?.Name ?? "made by a factory"
            )
            .LastOrDefault();

    /// <summary>Whether the application sets options of AddSession.</summary>
    public bool HasSessionOptions =>
        services.Any(static service =>
            service.ServiceType == typeof(IConfigureOptions<SessionOptions>)
            || service.ServiceType == typeof(IPostConfigureOptions<SessionOptions>)
        );

    /// <summary>
    /// Whether keys of Data Protection are kept in the store, so that an application without
    /// UseClusterSession may be meant.
    /// </summary>
    public bool HasSharedKeys => services.Any(static service => service.ServiceType == typeof(SharedXmlElements));

    private static bool IsOfAddSession(ServiceDescriptor service) =>
        service.ServiceType == typeof(ISessionStore) && service.ImplementationType == typeof(DistributedSessionStore);
}
