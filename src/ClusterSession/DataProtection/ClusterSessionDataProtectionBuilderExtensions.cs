using ClusterSession.DataProtection;
using ClusterSession.Documents;
using ClusterSession.Recovery;
using Microsoft.AspNetCore.DataProtection.Infrastructure;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.AspNetCore.DataProtection;

/// <summary>Keeps the keys of Data Protection where the sessions are.</summary>
public static class ClusterSessionDataProtectionBuilderExtensions
{
    /// <summary>
    /// Keeps the keys of Data Protection in the session store, so that every node reads what
    /// another one has protected: logins, antiforgery tokens, TempData. A key, and a revocation, is
    /// known on every node as soon as the store has passed it on. Needs <c>AddClusterSession</c>;
    /// <c>UseClusterSession</c> is not needed.
    /// </summary>
    /// <remarks>
    /// Unless <c>SetApplicationName</c> says otherwise, the application is distinguished from
    /// others with the same store by <c>ClusterSession:ApplicationName</c> (by default the name of
    /// the host's application), and not by its directory. The keys are encrypted only if one of the
    /// <c>ProtectKeysWith</c> methods is called. Without that, anyone who reads the store can forge
    /// every login. Until the store has been read, every use of Data Protection throws an
    /// <see cref="InvalidOperationException"/> or, for unprotecting, a
    /// <see cref="System.Security.Cryptography.CryptographicException"/>, and the next use tries
    /// again.
    /// </remarks>
    /// <param name="builder">What <c>AddDataProtection</c> returns.</param>
    /// <returns>The same.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is null.</exception>
    public static IDataProtectionBuilder PersistKeysToClusterSession(this IDataProtectionBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var services = builder.Services;
        if (services.Any(static service => service.ServiceType == typeof(SharedXmlElements)))
        {
            return builder;
        }

        services.AddSingleton<RingExpiry>();
        services.AddSingleton<SharedXmlElements>();
        services.AddSingleton<ISharedDocument>(static provider => provider.GetRequiredService<SharedXmlElements>());
        services.AddSingleton(static provider => new SessionXmlRepository(
            provider.GetRequiredService<SharedXmlElements>,
            provider.GetRequiredService<StoreStart>
        ));
        services.AddHostedService<SharedXmlElementsService>();
        services.AddSingleton<IConfigureOptions<KeyManagementOptions>>(
            static provider => new ConfigureOptions<KeyManagementOptions>(options =>
                options.XmlRepository = Repository(provider)
            )
        );
        DecorateKeyManager(services);
        SetDiscriminator(services);
        return builder;
    }

    private static SessionXmlRepository Repository(IServiceProvider provider) =>
        provider.GetRequiredService<IServiceProviderIsService>().IsService(typeof(StoreStart))
            ? provider.GetRequiredService<SessionXmlRepository>()
            : throw new InvalidOperationException(
                "PersistKeysToClusterSession needs the services of ClusterSession: call "
                    + "builder.Services.AddClusterSession() too."
            );

    private static void DecorateKeyManager(IServiceCollection services)
    {
        var inner = services.Last(static service =>
            service.ServiceType == typeof(IKeyManager) && !service.IsKeyedService
        );
        if (inner.ImplementationType is { } type)
        {
            services.TryAddSingleton(type);
        }

        services[services.IndexOf(inner)] = ServiceDescriptor.Singleton<IKeyManager>(provider => new ExpiringKeyManager(
            (IKeyManager)(
                inner.ImplementationInstance
                ?? inner.ImplementationFactory?.Invoke(provider)
                ?? provider.GetRequiredService(inner.ImplementationType!)
            ),
            provider.GetRequiredService<RingExpiry>()
        ));
    }

    /// <summary>Only the framework's own, which is the directory, is replaced.</summary>
    private static void SetDiscriminator(IServiceCollection services)
    {
        var present = services.LastOrDefault(static service =>
            service.ServiceType == typeof(IApplicationDiscriminator)
        );
        if (
            present is null
            || (present.ImplementationType ?? present.ImplementationInstance?.GetType())
                ?.Assembly.GetName()
                .Name?.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal) == true
        )
        {
            services.RemoveAll<IApplicationDiscriminator>();
            services.AddSingleton<IApplicationDiscriminator, ApplicationNameDiscriminator>();
        }
    }
}
