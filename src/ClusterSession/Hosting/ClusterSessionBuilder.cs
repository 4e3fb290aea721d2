using System.Security.Cryptography;
using ClusterSession.Hosting;
using ClusterSession.KeyRing;
using ClusterSession.Serialization;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.Tickets;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace ClusterSession;

/// <summary>Completes what <c>AddClusterSession</c> began: which store, which serializer.</summary>
public sealed class ClusterSessionBuilder
{
    internal ClusterSessionBuilder(IServiceCollection services) => Services = services;

    /// <summary>The application's services.</summary>
    public IServiceCollection Services { get; }

    /// <summary>
    /// Keeps the sessions in the memory of this process: development and tests. The default.
    /// </summary>
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
    /// Seals the ring of keys that sign cookies with a secret before it is stored, so that who
    /// reads the store cannot sign cookies. A ring that lies plain is read, and sealed when it is
    /// next written: call <see cref="ISessionManager.RotateKeysAsync"/> once, when all nodes have
    /// the secret. A node with another secret starts no session.
    /// </summary>
    /// <param name="secret">Base64 of at least 32 random bytes, the same on all nodes and kept from
    /// the store, for example from <c>openssl rand -base64 32</c>. One that cannot be used is
    /// reported at start.</param>
    /// <param name="formerSecrets">Those that may have sealed the ring before; they only open
    /// it.</param>
    public ClusterSessionBuilder ProtectKeysWith(string? secret, params string?[] formerSecrets)
    {
        ArgumentNullException.ThrowIfNull(formerSecrets);
        Services.Configure<ClusterSessionOptions>(options => options.KeyRingSecrets = [secret, .. formerSecrets]);
        return Seal(static provider => new SecretSeal(
            provider.GetRequiredService<RandomNumberGenerator>(),
            provider
                .GetRequiredService<IOptions<ClusterSessionOptions>>()
                .Value.KeyRingSecrets.Select(static text => SecretCheck.Read(text, out _)!)
        ));
    }

    /// <summary>
    /// Seals the ring of keys that sign cookies with data protection, whose keys all nodes must
    /// share. Otherwise as the overload that takes a secret.
    /// </summary>
    /// <param name="provider">What protects. Where the application's own is meant, resolve it from
    /// the services.</param>
    public ClusterSessionBuilder ProtectKeysWith(Func<IServiceProvider, IDataProtectionProvider> provider)
    {
        ArgumentNullException.ThrowIfNull(provider);
        Services.Configure<ClusterSessionOptions>(static options => options.KeyRingSecrets = []);
        return Seal(services => new DataProtectionSeal(provider(services)));
    }

    /// <summary>
    /// Keeps the logins of every cookie scheme in the sessions' store, so that <see
    /// cref="ISessionManager.EndAllAsync(string)"/> logs a
    /// user out of every browser on every node, and a sign-out ends the login, not only the cookie.
    /// Before or after AddCookie; a scheme for which the application has set a <c>SessionStore</c>
    /// keeps that. Called again, it changes nothing.
    /// </summary>
    /// <remarks>
    /// The cookie then names the login, by a new random key for each sign-in. The ticket itself
    /// lies in the store, protected with the
    /// application's data protection keys, which all nodes must share. Cookies that still hold the
    /// whole ticket stay valid.
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

    private ClusterSessionBuilder Seal(Func<IServiceProvider, IKeyRingSeal> seal)
    {
        Services.Replace(ServiceDescriptor.Singleton(seal));
        return this;
    }
}
