using ClusterSession.Redis;
using ClusterSession.Stores;
using ClusterSession.TestKit.Nodes;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>
/// The server's password changes while nodes run (S22): the next connection is made with the new
/// one, and no session is dropped.
/// </summary>
public sealed class SecretRotationTests : IAsyncLifetime
{
    private readonly Secret _secret = new();
    private RedisServer _redis = null!;
    private TestNode _a = null!;
    private TestNode _b = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync(new RedisServerOptions { AclUsers = ["sess on >first ~* &* +@all"] });
        _a = await StartAsync();
        _b = await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _a.DisposeAsync();
        await _b.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Fact]
    public async Task New_secret_is_used_at_the_next_connection_and_no_request_fails()
    {
        var browser = _a.Browser();
        await browser.GetAsync("/set/n/0");
        for (var i = 1; i <= 5; i++)
        {
            _secret.Password = $"secret{i}";
            await ChangeAtServerAsync($"secret{i}");
            Assert.Equal($"{i}", await browser.GetAsync($"/set/n/{i}", i % 2 == 0 ? _a : _b));
            Assert.Equal($"{i}", await browser.GetAsync("/get/n", i % 2 == 0 ? _b : _a));
            Assert.Equal("False", await browser.GetAsync("/regressed", _a));
        }
    }

    [Fact]
    public async Task Secret_that_changes_at_the_server_first_drops_no_session_and_no_commit()
    {
        var browser = _a.Browser();
        await browser.GetAsync("/set/color/red");
        await ChangeAtServerAsync("second");

        Assert.Equal("blue", await browser.GetAsync("/set/color/blue"));
        Assert.Equal(200, (int)browser.LastStatus);
        Assert.Equal("blue", await browser.GetAsync("/get/color"));
        Assert.Equal(1, _a.Unsaved());

        _secret.Password = "second";
        await Condition.HoldsAsync(() => _a.Unsaved() == 0, "the node is connected again, and has sent what it kept");
        await Condition.HoldsAsync(
            async () => await browser.GetAsync("/get/color", _b) == "blue",
            "the other node is connected again"
        );
    }

    [Fact]
    public async Task Secret_that_changes_in_the_configuration_is_used_without_a_restart()
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([
                KeyValuePair.Create("ClusterSession:Redis", (string?)$"{_redis.Endpoint},user=sess,password=first"),
            ])
            .Build();
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(configuration);
        services.AddLogging();
        services.AddClusterSession(options => options.KeyPrefix = "cs").UseRedis();
        await using var provider = services.BuildServiceProvider();
        await using var node = await TestNode.StartAsync(provider.GetRequiredService<IClusterSessionStore>());
        var browser = node.Browser();
        await browser.GetAsync("/set/color/red");

        await ChangeAtServerAsync("second");
        configuration["ClusterSession:Redis"] = $"{_redis.Endpoint},user=sess,password=second";
        configuration.Reload();

        Assert.Equal("blue", await browser.GetAsync("/set/color/blue"));
        Assert.Equal(200, (int)browser.LastStatus);
        await Condition.HoldsAsync(() => node.Unsaved() == 0, "it is stored");
        _secret.Password = "second";
        await Condition.HoldsAsync(
            async () => await browser.GetAsync("/get/color", _b) == "blue",
            "another node reads it"
        );
    }

    /// <summary>
    /// Connections that are open go on under the old password, so they are ended too.
    /// </summary>
    private async Task ChangeAtServerAsync(string password)
    {
        Assert.Equal("OK", await _redis.CommandAsync("ACL", "SETUSER", "sess", "resetpass", $">{password}"));
        await _redis.CommandAsync("CLIENT", "KILL", "USER", "sess");
    }

    private Task<TestNode> StartAsync()
    {
        var options = new RedisOptions
        {
            Endpoints = [new RedisEndpoint(_redis.Host, _redis.Port)],
            Credentials = _secret,
        };
        return TestNode.StartAsync(
            new RedisSessionStore(
                options,
                "cs",
                TimeSpan.FromSeconds(30),
                TimeProvider.System,
                new Random(7),
                NullLogger<RedisSessionStore>.Instance
            )
        );
    }

    private sealed class Secret : IRedisCredentials
    {
        public volatile string Password = "first";

        public ValueTask<RedisCredential> GetAsync(CancellationToken cancellationToken) =>
            new(new RedisCredential("sess", Password));
    }
}
