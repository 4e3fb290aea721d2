using ClusterSession.Lifetime;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ClusterSession.Tests.Recovery;

/// <summary>
/// A host that stops its web server after the services of the sessions: requests go on while those
/// stop.
/// </summary>
public sealed class LastRequestTests : IDisposable
{
    private const int Requests = 20;
    private readonly InMemorySessions _sessions = new(TimeProvider.System);
    private readonly CapturedLogs _logs = new();
    private readonly Gate _gate = new();
    private int _running;
    private Action? _whenReleased;

    public void Dispose() => _logs.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_the_last_requests_have_committed_is_drained(bool stopsConcurrently)
    {
        using var host = await StartAsync(new InMemorySessionStore(_sessions), stopsConcurrently);

        var answers = await StopWhileRequestsRunAsync(host);

        Assert.All(answers, static answer => Assert.Equal(200, (int)answer.StatusCode));
        Assert.Equal(0, _logs.Count("JournalNotDrained"));
        foreach (var answer in answers)
        {
            var read = await new InMemorySessionStore(_sessions).ReadAsync(KeyOf(answer), SessionVersion.None, default);
            Assert.Equal(StoreReadOutcome.Found, read.Outcome);
            Assert.True(read.Record!.TryFind("color", out _));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_the_last_requests_have_committed_and_the_store_does_not_take_is_counted(
        bool stopsConcurrently
    )
    {
        var store = new PoisonedStore(new InMemorySessionStore(_sessions)) { Failure = StoreFailure.Refused };
        using var host = await StartAsync(store, stopsConcurrently);

        var answers = await StopWhileRequestsRunAsync(host, () => store.IsPoison = static _ => true);

        Environment.ExitCode = 0; // Of the test's process.
        Assert.All(answers, static answer => Assert.Equal(200, (int)answer.StatusCode));
        var line = Assert.Single(_logs.All, static log => log.Event.Name == "JournalNotDrained");
        Assert.Contains($"commits of {Requests} sessions", line.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(true, false)]
    public async Task What_the_last_requests_have_used_is_reported(bool stopsConcurrently, bool hasCopies)
    {
        using var other = await StartAsync(new InMemorySessionStore(_sessions), stopsConcurrently);
        using var begun = await ClientOf(other).GetAsync(new Uri("/begin", UriKind.Relative));
        var store = new CountingStore(new InMemorySessionStore(_sessions));
        using var host = await StartAsync(store, stopsConcurrently, hasCopies ? null : 0);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/used");
        request.Headers.Add("Cookie", begun.Headers.GetValues("Set-Cookie").Single().Split(';')[0]);
        var used = ClientOf(host).SendAsync(request);
        await Condition.HoldsAsync(() => Volatile.Read(ref _running) == 1, "the request runs");
        _whenReleased = store.Reset;

        await host.StopAsync();

        Assert.Equal("yes", await (await used).Content.ReadAsStringAsync());
        Assert.NotEqual(0, store.Count(StoreOperations.Touch));
        await other.StopAsync();
    }

    private async Task<HttpResponseMessage[]> StopWhileRequestsRunAsync(IHost host, Action? before = null)
    {
        using var client = ClientOf(host);
        var requests = Enumerable
            .Range(0, Requests)
            .Select(async _ =>
            {
                using var begun = await client.GetAsync(new Uri("/begin", UriKind.Relative));
                using var request = new HttpRequestMessage(HttpMethod.Get, "/held");
                request.Headers.Add("Cookie", begun.Headers.GetValues("Set-Cookie").Single().Split(';')[0]);
                return await client.SendAsync(request);
            })
            .ToArray();
        await Condition.HoldsAsync(() => Volatile.Read(ref _running) == Requests, "all requests run");
        before?.Invoke();
        await host.StopAsync();
        return await Task.WhenAll(requests);
    }

    private static HttpClient ClientOf(IHost host)
    {
        var address = host
            .Services.GetRequiredService<IServer>()
            .Features.Get<IServerAddressesFeature>()!
            .Addresses.Single();
        return new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = new Uri(address) };
    }

    private async Task<IHost> StartAsync(IClusterSessionStore store, bool stopsConcurrently, int? copies = null)
    {
        var builder = new HostBuilder();
        builder.ConfigureLogging(logging => logging.ClearProviders().AddProvider(_logs));
        builder.ConfigureWebHost(web =>
            web.UseKestrel()
                .UseUrls("http://127.0.0.1:0")
                .ConfigureServices(static services => services.AddRouting())
                .Configure(app => app.UseRouting().UseClusterSession().UseEndpoints(Map))
        );
        builder.ConfigureServices(services =>
        {
            services.Configure<HostOptions>(options => options.ServicesStopConcurrently = stopsConcurrently);
            services.AddHostedService(_ => _gate); // Stops after all that comes behind it.
            services
                .AddClusterSession(options =>
                {
                    options.LocalCopies.MaxCount = copies ?? options.LocalCopies.MaxCount;
                    options.Durability = SessionDurability.Local;
                    options.Outage.DrainTimeout = TimeSpan.FromSeconds(2);
                })
                .UseStore(_ => store);
        });
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }

    private void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/begin", static (HttpContext context) => context.Session.SetString("begun", "yes"));
        endpoints.MapGet("/held", async (HttpContext context) =>
        {
            Interlocked.Increment(ref _running);
            await _gate.Opened;
            context.Session.SetString("color", "red");
        });
        endpoints.MapGet(
            "/used",
            (Delegate)(
                async (HttpContext context) =>
                {
                    var begun = context.Session.GetString("begun");
                    Interlocked.Increment(ref _running);
                    await _gate.Opened;
                    var clock = context.RequestServices.GetRequiredService<CoarseClock>();
                    var now = clock.Now;
                    await Condition.HoldsAsync(
                        () => clock.Now > now,
                        "the end of the request is later than its beginning"
                    );
                    _whenReleased?.Invoke();
                    return begun;
                }
            )
        );
    }

    private static SessionKey KeyOf(HttpResponseMessage answer)
    {
        var cookie = answer.RequestMessage!.Headers.GetValues("Cookie").Single();
        Assert.True(SessionId.TryParse(cookie.Split('=', 2)[1].Split('.')[0], out var id));
        return SessionKey.Of(id);
    }

    /// <summary>
    /// Lets the requests go on when the services of the sessions have been stopped, or are about to
    /// be.
    /// </summary>
    private sealed class Gate : IHostedService
    {
        private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Opened => _opened.Task;

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken)
        {
            _opened.TrySetResult();
            return Task.CompletedTask;
        }
    }
}
