using ClusterSession.TestKit.Logging;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>What a node logs over its life when nothing goes wrong, on Kestrel, with requests under
/// way when it is stopped.</summary>
public sealed class ShutdownLogTests
{
    [Theory]
    [InlineData("")]
    [InlineData(",cluster=false")]
    public async Task Node_that_is_stopped_in_order_warns_of_nothing(string settings)
    {
        await using var redis = await RedisServer.StartAsync(new RedisServerOptions { AppendOnly = true });
        using var logs = new CapturedLogs();
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.WebHost.UseKestrel().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders().AddProvider(logs).SetMinimumLevel(LogLevel.Debug);
        builder
            .Services.AddClusterSession(options =>
            {
                options.Durability = SessionDurability.Local;
                // A busy machine may be late: what is asked here is what is logged, not how fast it
                // is.
                options.Outage.SoftTimeout = options.Outage.HardTimeout = TimeSpan.FromSeconds(30);
                options.Cookie.SecurePolicy = CookieSecurePolicy.Always;
            })
            .UseRedis(redis.ConnectionString + settings);
        await using var app = builder.Build();
        var running = 0;
        var mayEnd = new TaskCompletionSource();
        app.UseClusterSession();
        app.MapGet("/fast", (HttpContext context) => context.Session.SetString("fast", context.TraceIdentifier));
        app.MapGet("/slow", async (HttpContext context) =>
        {
            context.Session.SetString("before", context.TraceIdentifier);
            Interlocked.Increment(ref running);
            await mayEnd.Task;
            context.Session.SetString("after", context.TraceIdentifier);
        });
        await app.StartAsync();
        var address = app
            .Services.GetRequiredService<IServer>()
            .Features.Get<IServerAddressesFeature>()!
            .Addresses.Single();
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false })
        {
            BaseAddress = new Uri(address),
        };
        for (var i = 0; i < 50; i++)
        {
            using var fast = await client.GetAsync("/fast");
            Assert.True(fast.IsSuccessStatusCode);
        }

        var slow = Enumerable.Range(0, 8).Select(_ => client.GetAsync("/slow")).ToArray();
        await Condition.HoldsAsync(() => Volatile.Read(ref running) == slow.Length, "the slow requests are running");

        var stopping = app.StopAsync();
        await Condition.HoldsAsync(
            () =>
                app.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested,
            "the node is stopping"
        );
        mayEnd.SetResult();
        Assert.All(await Task.WhenAll(slow), answer => Assert.True(answer.IsSuccessStatusCode));
        await stopping;
        await app.DisposeAsync();

        Assert.Equal(1, logs.Count("Closed"));
        Assert.DoesNotContain(logs.All, log => log.Level >= LogLevel.Warning);
    }

    [Fact]
    public async Task Node_whose_Redis_is_not_there_names_it_in_one_sentence_a_reason()
    {
        using var logs = new CapturedLogs();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrel().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders().AddProvider(logs).SetMinimumLevel(LogLevel.Debug);
        var endpoint = $"127.0.0.1:{FreePort.Next()}";
        builder.Services.AddClusterSession().UseRedis(endpoint);
        await using var app = builder.Build();
        app.UseClusterSession();
        await app.StartAsync();
        await Condition.HoldsAsync(() => logs.Count("ConnectFailed") > 0, "the node has tried to connect");
        await app.StopAsync();

        var text = logs.All.First(log => log.Event.Name == "ConnectFailed").Text;
        Assert.Matches(
            $@"^Could not connect to Redis at {endpoint}\. Connection refused[^.]*(\.[^ ][^.]*)*\. Retrying\. ",
            text
        );
        Assert.DoesNotContain(
            "No connection to",
            text[..text.IndexOf("Retrying.", StringComparison.Ordinal)],
            StringComparison.Ordinal
        );
    }
}
