using System.Net;
using System.Net.Sockets;
using ClusterSession.TestKit.Faults;
using ClusterSession.TestKit.Logging;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Coherence;

/// <summary>
/// Settings that a server cannot keep: they end the start where it responds, and only its
/// connection where it does not yet.
/// </summary>
public sealed class RefusedStartTests : IDisposable
{
    private const string Tracking = ",coherence=tracking";

    private readonly CapturedLogs _logs = new();

    public void Dispose() => _logs.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Replicated_without_WAIT_ends_the_start_with_setting_value_and_remedy(bool isRenamed)
    {
        await using var redis = await RedisServer.StartAsync(
            new RedisServerOptions { Config = isRenamed ? ["rename-command WAIT \"\""] : [] }
        );
        await DenyAsync(redis, isRenamed ? null : "wait");
        await using var app = Build(redis.ConnectionString, SessionDurability.Replicated);
        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => app.StartAsync());
        Assert.StartsWith("ClusterSession:Durability is Replicated", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Set ClusterSession:Durability to Primary", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Coherence_by_tracking_that_is_refused_ends_the_start_with_setting_value_and_remedy()
    {
        await using var redis = await RedisServer.StartAsync();
        await DenyAsync(redis, "client|tracking");
        await using var app = Build(redis.ConnectionString + Tracking);
        await AssertUntrackedAsync(app);
    }

    [Theory]
    [InlineData(TrackingProxy.Nothing)]
    [InlineData(TrackingProxy.NothingOfItsOwn)]
    public async Task Coherence_by_tracking_that_proves_to_be_none_ends_the_start(string instead)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = new TrackingProxy(redis.Port, instead);
        await using var app = Build($"127.0.0.1:{proxy.Port}{Tracking}");
        await AssertUntrackedAsync(app);
    }

    [Fact]
    public async Task Settings_that_the_server_keeps_let_the_application_start_and_serve()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var replica = await RedisServer.StartAsync(new RedisServerOptions { ReplicaOf = redis.Port });
        await replica.HasAllOfAsync(redis);
        await using var app = Build(redis.ConnectionString + Tracking, SessionDurability.Replicated);
        await app.StartAsync();
        await ServesAsync(app);
        Assert.Equal(0, _logs.Count("ConnectFailed"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Server_that_lacks_what_is_set_ends_no_start_while_another_one_keeps_it(bool isReplica)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var lacking = await RedisServer.StartAsync(
            new RedisServerOptions { ReplicaOf = isReplica ? redis.Port : null }
        );
        await DenyAsync(lacking, "client|tracking");
        await using var app = Build($"{lacking.Endpoint},{redis.Endpoint}{Tracking}");
        await app.StartAsync();
        await ServesAsync(app);
    }

    [Fact]
    public async Task Application_starts_while_nobody_responds_and_the_server_is_refused_when_it_does()
    {
        var port = FreePort.Next();
        await using var app = Build($"127.0.0.1:{port}{Tracking}", SessionDurability.Replicated);
        await app.StartAsync();
        Assert.DoesNotContain(_logs.All, static log => log.Text.Contains("is Replicated", StringComparison.Ordinal));

        await using var redis = await RedisServer.StartAsync(
            new RedisServerOptions { Port = port, Config = ["rename-command WAIT \"\""] }
        );
        await Condition.HoldsAsync(
            () =>
                _logs.All.Any(static log =>
                    log.Event.Name == "ConnectFailed"
                    && log.Text.Contains("Set ClusterSession:Durability to Primary", StringComparison.Ordinal)
                ),
            "the log names the setting"
        );
        using var client = app.GetTestClient();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/set")).StatusCode);
    }

    [Fact]
    public async Task Application_starts_while_the_address_accepts_and_is_silent()
    {
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        silent.Listen();
        await using var app = Build(
            $"{silent.LocalEndPoint}{Tracking},connectTimeout=300000",
            SessionDurability.Replicated
        );
        await app.StartAsync();
    }

    [Fact]
    public async Task Replica_that_is_named_first_is_not_taken_for_a_server_without_WAIT()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var replica = await RedisServer.StartAsync(new RedisServerOptions { ReplicaOf = redis.Port });
        await replica.HasAllOfAsync(redis);
        await using var app = Build($"{replica.Endpoint},{redis.Endpoint}", SessionDurability.Replicated);
        await app.StartAsync();
        await ServesAsync(app);
        Assert.DoesNotContain(_logs.All, static log => log.Text.Contains("refuses WAIT", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Server_that_is_busy_with_a_script_at_the_start_is_waited_for()
    {
        await using var redis = await RedisServer.StartAsync(new RedisServerOptions { Config = ["lua-time-limit 10"] });
        var endless = redis.CommandAsync("EVAL", "while true do end", "0");
        await Condition.HoldsAsync(
            async () => (await redis.CommandAsync("GET", "x")).StartsWith("-BUSY", StringComparison.Ordinal),
            "it is busy"
        );
        await using var app = Build(redis.ConnectionString + Tracking, SessionDurability.Replicated);
        await app.StartAsync();
        await redis.CommandAsync("SCRIPT", "KILL");
        await endless;
        await ServesAsync(app);
        Assert.DoesNotContain(_logs.All, static log => log.Text.Contains("refuses WAIT", StringComparison.Ordinal));
    }

    private static async Task DenyAsync(RedisServer redis, string? command)
    {
        if (command is not null)
        {
            Assert.Equal("OK", await redis.CommandAsync("ACL", "SETUSER", "default", $"-{command}"));
        }
    }

    private static async Task AssertUntrackedAsync(WebApplication app)
    {
        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => app.StartAsync());
        Assert.StartsWith("Coherence is Tracking", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Set coherence=auto or coherence=revalidate", refusal.Message, StringComparison.Ordinal);
    }

    private static async Task ServesAsync(WebApplication app)
    {
        using var client = app.GetTestClient();
        await Condition.HoldsAsync(
            async () => (await client.GetAsync("/set")).StatusCode == HttpStatusCode.OK,
            "the node serves"
        );
    }

    private WebApplication Build(string redis, SessionDurability durability = SessionDurability.Primary)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders().AddProvider(_logs);
        builder.Services.AddClusterSession(options => options.Durability = durability).UseRedis(redis);
        var app = builder.Build();
        app.UseClusterSession();
        app.MapGet("/set", (HttpContext context) => context.Session.SetString("color", "red"));
        return app;
    }
}
