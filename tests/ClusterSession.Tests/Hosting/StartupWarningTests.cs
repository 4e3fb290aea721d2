using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Session;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Xunit;

namespace ClusterSession.Tests.Hosting;

public sealed class StartupWarningTests
{
    private readonly CapturedLogs _logs = new();

    [Fact]
    public async Task Application_that_is_set_up_well_is_warned_of_nothing()
    {
        await StartAsync(builder => builder.Services.AddClusterSession().UseInMemory());
        Assert.Empty(Warnings());
    }

    [Theory]
    [InlineData("Production", 1)]
    [InlineData("Staging", 1)]
    [InlineData("Development", 0)]
    public async Task Store_that_is_not_named_is_warned_of_outside_of_development(string environment, int warnings)
    {
        await StartAsync(builder => builder.Services.AddClusterSession(), environment: environment);
        Assert.Equal(Enumerable.Repeat("StoreNotNamed", warnings), Warnings());
    }

    [Fact]
    public async Task Store_of_ones_own_counts_as_named_however_it_is_registered()
    {
        await StartAsync(builder =>
        {
            builder.Services.AddClusterSession();
            builder.Services.AddSingleton<IClusterSessionStore>(
                new InMemorySessionStore(new InMemorySessions(TimeProvider.System))
            );
        });
        await StartAsync(builder =>
        {
            builder.Services.AddSingleton<IClusterSessionStore>(
                new InMemorySessionStore(new InMemorySessions(TimeProvider.System))
            );
            builder.Services.AddClusterSession();
        });
        Assert.Empty(Warnings());
    }

    [Fact]
    public async Task AddSession_and_UseSession_left_in_are_one_warning()
    {
        await StartAsync(
            builder =>
            {
                builder.Services.AddClusterSession().UseInMemory();
                builder.Services.AddDistributedMemoryCache();
                builder.Services.AddSession(options => options.IdleTimeout = TimeSpan.FromHours(1));
            },
            app =>
            {
                app.UseSession();
                app.UseClusterSession();
            }
        );
        Assert.Equal(["AddSessionLeftIn"], Warnings());
    }

    [Fact]
    public async Task Session_options_left_in_are_warned_of_with_the_settings_to_use()
    {
        await StartAsync(builder =>
        {
            builder.Services.AddClusterSession().UseInMemory();
            builder.Services.Configure<SessionOptions>(builder.Configuration.GetSection("Session"));
        });
        Assert.Equal(["SessionOptionsLeftIn"], Warnings());
        Assert.Contains(
            "ClusterSession:IdleTimeout",
            Assert.Single(_logs.All, log => log.Event.Name == "SessionOptionsLeftIn").Text
        );
    }

    [Theory]
    [InlineData("post")]
    [InlineData("all")]
    [InlineData("builder")]
    [InlineData("class")]
    [InlineData("after")]
    public async Task Session_options_left_in_are_warned_of_however_they_are_set(string how)
    {
        await StartAsync(builder =>
        {
            if (how == "after")
            {
                builder.Services.AddClusterSession().UseInMemory();
                builder.Services.Configure<SessionOptions>(Change);
                return;
            }

            _ = how switch
            {
                "post" => builder.Services.PostConfigure<SessionOptions>(Change),
                "all" => builder.Services.ConfigureAll<SessionOptions>(Change),
                "builder" => builder.Services.AddOptions<SessionOptions>().Configure(Change).Services,
                _ => builder.Services.ConfigureOptions<OwnSessionOptions>(),
            };
            builder.Services.AddClusterSession().UseInMemory();
        });
        Assert.Equal(["SessionOptionsLeftIn"], Warnings());

        static void Change(SessionOptions options) => options.IdleTimeout = TimeSpan.FromHours(1);
    }

    [Theory]
    [InlineData(true, true, "")]
    [InlineData(false, true, "PipelineBeforeRouting")]
    [InlineData(false, false, "PipelineMissing")]
    public async Task Host_with_a_startup_of_its_own_is_warned_of_the_same(
        bool isBehindRouting,
        bool isUsed,
        string warning
    )
    {
        using var host = new HostBuilder()
            .UseEnvironment("Production")
            .ConfigureLogging(logging => logging.ClearProviders().AddProvider(_logs))
            .ConfigureWebHost(web =>
                web.UseTestServer()
                    .ConfigureServices(services => services.AddRouting().AddClusterSession().UseInMemory())
                    .Configure(app =>
                    {
                        _ = isUsed && !isBehindRouting ? app.UseClusterSession() : app;
                        app.UseRouting();
                        _ = isUsed && isBehindRouting ? app.UseClusterSession() : app;
                        app.UseEndpoints(endpoints =>
                            endpoints.MapGet("/", () => "").WithSessionAccess(SessionConcurrency.ReadOnly)
                        );
                    })
            )
            .Build();
        await host.StartAsync();
        await host.StopAsync();
        Assert.Equal(warning, string.Join(',', Warnings()));
    }

    [Fact]
    public async Task Session_store_of_the_applications_own_is_warned_of()
    {
        await StartAsync(builder =>
        {
            builder.Services.AddSingleton<ISessionStore, OwnSessionStore>();
            builder.Services.AddClusterSession().UseInMemory();
        });
        Assert.Equal(["SessionStoreIgnored"], Warnings());
        Assert.Contains(
            nameof(OwnSessionStore),
            Assert.Single(_logs.All, log => log.Event.Name == "SessionStoreIgnored").Text
        );
    }

    [Fact]
    public async Task Pipeline_without_UseClusterSession_is_warned_of_where_endpoints_may_want_a_session()
    {
        await StartAsync(builder => builder.Services.AddClusterSession().UseInMemory(), static app => { });
        Assert.Equal(["PipelineMissing"], Warnings());
    }

    [Fact]
    public async Task Process_without_endpoints_or_with_those_that_use_no_session_needs_no_pipeline()
    {
        await StartAsync(
            builder => builder.Services.AddClusterSession().UseInMemory(),
            static app => { },
            endpoints: static app => app.MapGet("/health", () => "well").WithSessionAccess(SessionConcurrency.None)
        );
        await StartAsync(
            builder => builder.Services.AddClusterSession().UseInMemory(),
            static app => { },
            endpoints: static app => { }
        );
        Assert.Empty(Warnings());
    }

    [Fact]
    public async Task UseClusterSession_before_UseRouting_is_warned_of_where_endpoints_say_their_access()
    {
        await StartAsync(
            builder => builder.Services.AddClusterSession().UseInMemory(),
            static app =>
            {
                app.UseClusterSession();
                app.UseRouting();
            },
            endpoints: static app => app.MapGet("/read", () => "").WithSessionAccess(SessionConcurrency.ReadOnly)
        );
        Assert.Equal(["PipelineBeforeRouting"], Warnings());
    }

    [Fact]
    public async Task UseClusterSession_after_UseRouting_or_without_one_is_not_warned_of()
    {
        await StartAsync(
            builder => builder.Services.AddClusterSession().UseInMemory(),
            static app =>
            {
                app.UseRouting();
                app.UseClusterSession();
            },
            endpoints: ReadOnly
        );
        await StartAsync(builder => builder.Services.AddClusterSession().UseInMemory(), endpoints: ReadOnly);
        await StartAsync(
            builder => builder.Services.AddClusterSession().UseInMemory(),
            static app =>
            {
                app.UseRouting();
                app.UseWhen(static _ => true, static branch => branch.UseClusterSession());
            },
            endpoints: ReadOnly
        );
        await StartAsync(
            builder => builder.Services.AddClusterSession().UseInMemory(),
            static app =>
            {
                app.UseClusterSession();
                app.UseRouting();
            }
        );
        Assert.Empty(Warnings());

        static void ReadOnly(WebApplication app) =>
            app.MapGet("/read", () => "").WithSessionAccess(SessionConcurrency.ReadOnly);
    }

    [Fact]
    public async Task Cookie_that_browsers_may_not_keep_is_warned_of()
    {
        await StartAsync(builder =>
            builder.Services.AddClusterSession(options => options.Cookie.SameSite = SameSiteMode.None).UseInMemory()
        );
        Assert.Equal(["CookieDoubtful"], Warnings());
    }

    [Fact]
    public async Task Store_connects_once_however_many_pipelines_there_are()
    {
        var store = new ObservedStore();
        await StartAsync(
            builder => builder.Services.AddClusterSession().UseStore(_ => store),
            static app =>
            {
                app.UseClusterSession();
                app.UseClusterSession();
                app.Map("/branch", static branch => branch.UseClusterSession());
            }
        );
        Assert.Equal(1, store.Observed);
    }

    [Fact]
    public async Task Store_connects_in_a_process_without_a_pipeline()
    {
        var store = new ObservedStore();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddClusterSession().UseStore(_ => store);
        using var host = builder.Build();
        await host.StartAsync();
        Assert.Equal(1, store.Observed);
        await host.StopAsync();
    }

    private IEnumerable<string> Warnings() =>
        _logs
            .All.Where(log =>
                log.Level >= LogLevel.Warning && log.Category.StartsWith("ClusterSession", StringComparison.Ordinal)
            )
            .Select(log => log.Event.Name!);

    private async Task StartAsync(
        Action<WebApplicationBuilder> services,
        Action<WebApplication>? pipeline = null,
        Action<WebApplication>? endpoints = null,
        string environment = "Production"
    )
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = environment });
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders().AddProvider(_logs).SetMinimumLevel(LogLevel.Trace);
        services(builder);
        await using var app = builder.Build();
        (pipeline ?? (static app => app.UseClusterSession()))(app);
        (endpoints ?? (static app => app.MapGet("/", () => "hello")))(app);
        await app.StartAsync();
        await app.StopAsync();
    }

    private sealed class OwnSessionOptions : IConfigureOptions<SessionOptions>
    {
        public void Configure(SessionOptions options) => options.IdleTimeout = TimeSpan.FromHours(1);
    }

    private sealed class OwnSessionStore : ISessionStore
    {
        public ISession Create(
            string sessionKey,
            TimeSpan idleTimeout,
            TimeSpan ioTimeout,
            Func<bool> tryEstablishSession,
            bool isNewSessionKey
        ) => throw new InvalidOperationException("Nobody asks it.");
    }

    private sealed class ObservedStore()
        : ForwardingStore(new InMemorySessionStore(new InMemorySessions(TimeProvider.System)))
    {
        public int Observed { get; private set; }

        public override ValueTask StartAsync(IStoreObserver observer, CancellationToken cancellationToken)
        {
            Observed++;
            return base.StartAsync(observer, cancellationToken);
        }

        protected override ValueTask<T> OnAsync<T>(
            StoreOperations operation,
            Func<ValueTask<T>> run,
            Func<StoreFailure, T> unavailable
        ) => run();
    }
}
