using System.Security.Cryptography;
using ClusterSession;
using ClusterSession.Asking;
using ClusterSession.Committing;
using ClusterSession.Diagnostics;
using ClusterSession.Documents;
using ClusterSession.Ends;
using ClusterSession.Hosting;
using ClusterSession.Http;
using ClusterSession.Http.Cookies;
using ClusterSession.KeyRing;
using ClusterSession.Lifetime;
using ClusterSession.Local;
using ClusterSession.Management;
using ClusterSession.Opening;
using ClusterSession.Records;
using ClusterSession.Recovery;
using ClusterSession.Revoking;
using ClusterSession.Serialization;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using ClusterSession.Touching;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds sessions to an application.</summary>
public static class ClusterSessionServiceCollectionExtensions
{
    /// <summary>Adds sessions as the configuration section <c>ClusterSession</c> says.</summary>
    /// <param name="services">The application's services.</param>
    public static ClusterSessionBuilder AddClusterSession(this IServiceCollection services) =>
        services.AddClusterSession(static _ => { });

    /// <summary>
    /// Adds sessions as the configuration section <c>ClusterSession</c> says, and then the code.
    /// Called again, it adds to the options and leaves the store that was named.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">Changes the options.</param>
    public static ClusterSessionBuilder AddClusterSession(
        this IServiceCollection services,
        Action<ClusterSessionOptions> configure
    )
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        var isFirst = services.All(static service => service.ServiceType != typeof(SessionOpener));
        AddOptions(services, configure);
        if (isFirst)
        {
            AddSessions(services);
            AddDocuments(services);
            AddHttp(services);
            AddSetup(services);
        }

        return new ClusterSessionBuilder(services);
    }

    private static void AddOptions(IServiceCollection services, Action<ClusterSessionOptions> configure)
    {
        services.AddOptions<ClusterSessionOptions>().ValidateOnStart();
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IConfigureOptions<ClusterSessionOptions>, ClusterSessionConfiguration>()
        );
        services.Configure(configure);
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IPostConfigureOptions<ClusterSessionOptions>, ApplicationIdentity>()
        );
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<ClusterSessionOptions>, ClusterSessionOptionsValidator>()
        );
    }

    /// <summary>
    /// The store where none is named, and what watches over how the application is set up.
    /// </summary>
    private static void AddSetup(IServiceCollection services)
    {
        ServiceDescriptor? unnamed = null;
        if (services.All(static service => service.ServiceType != typeof(IClusterSessionStore)))
        {
            new ClusterSessionBuilder(services).UseInMemory();
            unnamed = services.Last(static service => service.ServiceType == typeof(IClusterSessionStore));
        }

        services.TryAddSingleton(new RegisteredServices(services) { UnnamedStore = unnamed });
        services.TryAddSingleton<SessionPipeline>();
        services.TryAddSingleton<StoreStart>();
        services.AddHostedService(static provider => provider.GetRequiredService<StoreStart>());
        services.AddHostedService<StartupWarnings>();
    }

    private static void AddSessions(IServiceCollection services)
    {
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(static _ => RandomNumberGenerator.Create());
        services.TryAddSingleton(static _ => new Random());
        services.TryAddSingleton<SessionMetrics>();
        services.TryAddSingleton<LossLog>();
        services.TryAddSingleton<CoarseClock>();
        services.TryAddSingleton(static provider => new HybridClock(
            provider.GetRequiredService<TimeProvider>(),
            HybridClock.NewWriter(provider.GetRequiredService<RandomNumberGenerator>())
        ));
        services.TryAddSingleton<VersionIssuer>();
        services.TryAddSingleton<SessionLifetime>();
        services.TryAddSingleton<PendingSessions>();
        services.TryAddSingleton<KnownEnds>();
        services.TryAddSingleton(static provider => new LocalCopies(
            provider.GetRequiredService<IOptions<ClusterSessionOptions>>().Value.LocalCopies,
            provider.GetRequiredService<CoarseClock>(),
            provider.GetRequiredService<PendingSessions>(),
            provider.GetRequiredService<KnownEnds>()
        ));
        services.TryAddSingleton<StoreGuard>();
        services.TryAddSingleton<RecentCommits>();
        services.TryAddSingleton<AbsentSessions>();
        services.TryAddSingleton<MissedCommits>();
        services.TryAddSingleton<NodeSessions>();
        services.TryAddSingleton<CommitJournal>();
        services.TryAddSingleton<JournalSender>();
        services.TryAddSingleton<NodePresence>();
        services.TryAddSingleton<Revocations>();
        services.TryAddSingleton<SharedEnds>();
        services.TryAddSingleton<KeyRingSource>();
        services.TryAddSingleton<PrincipalLogout>();
        services.TryAddSingleton<StoreReplay>();
        services.TryAddSingleton<StoreRecovery>();
        services.TryAddSingleton<SessionRepair>();
        services.TryAddSingleton<SessionEnds>();
        services.TryAddSingleton<FrameSender>();
        services.TryAddSingleton<LiveNodes>();
        services.TryAddSingleton<SessionAsks>();
        services.TryAddSingleton<SessionHolder>();
        services.TryAddSingleton<Hellos>();
        services.TryAddSingleton<AskedSessions>();
        services.TryAddSingleton<SessionExpiry>();
        services.TryAddSingleton<LateAnswers>();
        services.TryAddSingleton<SessionReads>();
        services.TryAddSingleton<OwnAnswers>();
        services.TryAddSingleton<StoreAnswers>();
        services.TryAddSingleton<RegressedSessions>();
        services.TryAddSingleton<SessionFinder>();
        services.TryAddSingleton<SessionOpener>();
        services.TryAddSingleton<NodeView>();
        services.TryAddSingleton<PendingCommits>();
        services.TryAddSingleton<ReplicaWait>();
        services.TryAddSingleton<CommitTerms>();
        services.TryAddSingleton<CommittedCopies>();
        services.TryAddSingleton<WholeSessions>();
        services.TryAddSingleton<SessionCommitter>();
        services.TryAddSingleton<ISessionManager, SessionManager>();
        services.TryAddSingleton<SessionTouches>();
        services.AddHostedService(static provider => provider.GetRequiredService<SessionTouches>());
        services.AddHostedService(static provider => provider.GetRequiredService<StoreRecovery>());
        services.AddHostedService<RevocationService>();
        services.AddHostedService<EndsService>();
        services.AddHostedService<NodeChannel>(); // Before what drains: it ends after that.
        services.AddHostedService<JournalService>();
        services.AddHostedService<SessionGauges>();
    }

    /// <summary>In the order in which they are restored in a store that has lost them.</summary>
    private static void AddDocuments(IServiceCollection services)
    {
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<ISharedDocument, Revocations>(static provider =>
                provider.GetRequiredService<Revocations>()
            )
        );
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<ISharedDocument, SharedEnds>(static provider =>
                provider.GetRequiredService<SharedEnds>()
            )
        );
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<ISharedDocument, KeyRingSource>(static provider =>
                provider.GetRequiredService<KeyRingSource>()
            )
        );
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<ISharedDocument, NodePresence>(static provider =>
                provider.GetRequiredService<NodePresence>()
            )
        );
    }

    private static void AddHttp(IServiceCollection services)
    {
        services.TryAddSingleton<ISessionSerializer, JsonSessionSerializer>();
        services.TryAddSingleton<InsecureCookies>();
        services.TryAddSingleton<RequestSessionServices>();
        services.TryAddSingleton<SessionChooser>();
        services.TryAddSingleton<SuccessorFinder>();
        services.TryAddSingleton<LastHeadersCallback>();
        SignInServices.Add(services);

        // In front of the application's own filters, whose middleware would stand outside of this
        // one.
        services.Insert(
            0,
            ServiceDescriptor.Singleton<IStartupFilter>(static provider =>
                provider.GetRequiredService<LastHeadersCallback>()
            )
        );
        services.AddHostedService<KeyRingService>();
        services.AddHostedService<SessionAccessCheck>();
    }
}
