using System.Collections.Concurrent;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Time;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Tests.DropIn;

/// <summary>A program that runs on a server, with the sessions of one of the two.</summary>
internal sealed class DropInRun : IAsyncDisposable
{
    private readonly WebApplication _app;

    private DropInRun(
        WebApplication app,
        SessionKind kind,
        HostKind server,
        StoreFaults faults,
        ManualTimeProvider time,
        CapturedLogs logs
    )
    {
        _app = app;
        Server = server;
        Kind = kind;
        Faults = faults;
        Time = time;
        Logs = logs;
    }

    public SessionKind Kind { get; }

    public HostKind Server { get; }

    public IServiceProvider Services => _app.Services;

    public StoreFaults Faults { get; }

    public ManualTimeProvider Time { get; }

    public CapturedLogs Logs { get; }

    /// <summary>The exceptions that came out of the pipeline, by request.</summary>
    public ConcurrentDictionary<string, string> Failures { get; } = new();

    public static async Task<DropInRun> StartAsync(SessionKind kind, HostKind server, DropInProgram program)
    {
        var builder = WebApplication.CreateSlimBuilder();
        if (server == HostKind.TestServer)
        {
            builder.WebHost.UseTestServer();
        }
        else
        {
            builder.WebHost.UseUrls("http://127.0.0.1:0");
        }

        var (faults, time, logs) = (new StoreFaults(), new ManualTimeProvider(), new CapturedLogs());
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Debug).AddProvider(logs);
        builder.Services.AddSingleton<TimeProvider>(time);
        program.Services?.Invoke(builder.Services);
        AddSessions(builder.Services, kind, program, faults, time);
        var app = builder.Build();
        var run = new DropInRun(app, kind, server, faults, time, logs);
        run.Build(program);
        await app.StartAsync();
        return run;
    }

    /// <summary>A client with an empty cookie jar.</summary>
    public DropInClient Client()
    {
        var handler =
            Server == HostKind.TestServer
                ? _app.GetTestServer().CreateHandler()
                : new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false };
        return new DropInClient(
            this,
            new HttpClient(handler)
            {
                BaseAddress = new Uri(Server == HostKind.TestServer ? "http://localhost" : _app.Urls.Single()),
            }
        );
    }

    /// <summary>Lets time pass while the store hangs, or nobody would give up.</summary>
    public async Task<string> WithTimeAsync(Task<string> request)
    {
        for (var steps = 0; Faults.Hangs && await Task.WhenAny(request, Task.Delay(2)) != request; steps++)
        {
            if (steps > 1_000)
            {
                throw new TimeoutException($"{Kind} does not give up a store that hangs.");
            }

            Time.Advance(TimeSpan.FromMilliseconds(20));
        }

        return await request;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private static void AddSessions(
        IServiceCollection services,
        SessionKind kind,
        DropInProgram program,
        StoreFaults faults,
        ManualTimeProvider time
    )
    {
        if (kind == SessionKind.AddSession)
        {
            services.AddDataProtection().UseEphemeralDataProtectionProvider();
            services.AddDistributedMemoryCache();
            services.Configure<MemoryDistributedCacheOptions>(options => options.Clock = new ManualClock(time));
            services.AddSingleton<IDistributedCache>(provider =>
            {
                var options = provider.GetRequiredService<IOptions<MemoryDistributedCacheOptions>>();
                return new FaultyCache(new MemoryDistributedCache(options), faults);
            });
            services.AddSession(options =>
            {
                options.IdleTimeout = program.IdleTimeout;
                options.IOTimeout = program.StoreTimeout ?? options.IOTimeout;
                program.Cookie?.Invoke(options.Cookie);
            });
        }
        else
        {
            var inMemory = new InMemorySessionStore(new InMemorySessions(time));
            var store = faults.Over(inMemory, time, program.StoreTimeout ?? TimeSpan.FromSeconds(1));
            services
                .AddClusterSession(options =>
                {
                    options.IdleTimeout = program.IdleTimeout;
                    if (program.StoreTimeout is { } timeout)
                    {
                        (options.Outage.SoftTimeout, options.Outage.HardTimeout) = (timeout, timeout);
                    }

                    program.Cookie?.Invoke(options.Cookie);
                    program.Ours?.Invoke(options);
                })
                .UseStore(_ => store);
        }
    }

    private void Build(DropInProgram program)
    {
        _app.Use(
            async (context, next) =>
            {
                try
                {
                    await next(context);
                }
                catch (Exception failure)
                {
                    Failures[context.Request.Headers["Request-Number"].ToString()] = DropInClient.NameOf(failure);
                    throw;
                }
            }
        );
        program.Outside?.Invoke(_app);
        if (program.Branch is { } path)
        {
            _app.Map(path, branch => UseSessions(branch)
                    .Run(context =>
                    {
                        var before = context.Session.GetString("a");
                        context.Session.SetString("a", context.Request.Query["a"]!);
                        return context.Response.WriteAsync(before ?? "-");
                    }));
        }
        else if (!program.IsWithoutSessions)
        {
            UseSessions(_app);
        }

        program.Inside?.Invoke(_app);
        DropInProgram.MapUsual(_app);
        program.Endpoints?.Invoke(_app);
    }

    private IApplicationBuilder UseSessions(IApplicationBuilder app) =>
        Kind == SessionKind.AddSession ? app.UseSession() : app.UseClusterSession();

    private sealed class ManualClock(ManualTimeProvider time) : Microsoft.Extensions.Internal.ISystemClock
    {
        public DateTimeOffset UtcNow => time.GetUtcNow();
    }
}
