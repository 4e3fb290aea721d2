using ClusterSession.Stores;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Nodes;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>
/// The configuration names another Redis while the nodes run (R12 of the fault list).
/// </summary>
public sealed class RedisMoveTests : IAsyncLifetime
{
    private const string Setting = "ClusterSession:Redis";

    private readonly CapturedLogs _logs = new();
    private readonly List<IAsyncDisposable> _providers = [];
    private RedisServer _old = null!;
    private RedisServer _new = null!;
    private IConfigurationRoot _configuration = null!;
    private TestNode _a = null!;
    private TestNode _b = null!;

    public async ValueTask InitializeAsync()
    {
        _old = await RedisServer.StartAsync();
        _new = await RedisServer.StartAsync();
        _configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([KeyValuePair.Create(Setting, (string?)_old.ConnectionString)])
            .Build();
        _a = await StartAsync();
        _b = await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _a.DisposeAsync();
        await _b.DisposeAsync();
        foreach (var provider in _providers)
        {
            await provider.DisposeAsync();
        }

        await _old.DisposeAsync();
        await _new.DisposeAsync();
    }

    [Fact]
    public async Task Sessions_move_with_the_connection_string_and_no_request_fails()
    {
        var browsers = await BeginAsync(20);

        Change(_new.ConnectionString);
        var round = 0;
        await Condition.HoldsAsync(
            async () =>
            {
                round++;
                foreach (var (browser, home) in browsers)
                {
                    Assert.Equal($"{round}", await browser.GetAsync($"/set/round/{round}", home));
                }

                return await KeysAsync(_new) == browsers.Count && _logs.Count("Moved") == 2;
            },
            "both nodes have moved, and the sessions are at the new server"
        );
        await _old.Kill9Async();

        foreach (var (browser, home) in browsers)
        {
            Assert.Equal("red", await browser.GetAsync("/get/color", home == _a ? _b : _a));
            Assert.Equal($"{round}", await browser.GetAsync("/get/round", home == _a ? _b : _a));
            Assert.Equal("False", await browser.GetAsync("/regressed", home));
        }
    }

    [Fact]
    public async Task Server_that_is_not_there_yet_is_waited_for()
    {
        var browsers = await BeginAsync(2);
        await _new.Kill9Async();

        Change(_new.ConnectionString);
        await Condition.HoldsAsync(() => _logs.Count("ConnectFailed") > 0, "the new server was tried");
        Assert.Equal("blue", await browsers[0].Browser.GetAsync("/set/color/blue", _b));
        Assert.Equal("blue", await browsers[0].Browser.GetAsync("/get/color", _a));

        await _new.StartAgainAsync();
        await Condition.HoldsAsync(async () => await KeysAsync(_new) == browsers.Count, "the sessions are there");
        Assert.Equal("blue", await browsers[0].Browser.GetAsync("/get/color", _b));
    }

    [Theory]
    [InlineData("localhost:6379,colour=blue")]
    [InlineData("localhost:6379,fenceTimeout=1")]
    [InlineData(null)]
    public async Task Connection_string_that_cannot_be_used_changes_nothing(string? wrong)
    {
        var browsers = await BeginAsync(2);

        Change(wrong);

        Assert.Equal(2, _logs.Count("MoveRefused"));
        Assert.Equal("blue", await browsers[0].Browser.GetAsync("/set/color/blue", _a));
        Assert.Equal("blue", await browsers[0].Browser.GetAsync("/get/color", _b));
        Change(_new.ConnectionString);
        await Condition.HoldsAsync(async () => await KeysAsync(_new) == browsers.Count, "a later one is followed");
    }

    private void Change(string? connectionString)
    {
        _configuration[Setting] = connectionString;
        _configuration.Reload();
    }

    private async Task<IReadOnlyList<(TestBrowser Browser, TestNode Home)>> BeginAsync(int sessions)
    {
        var browsers = new List<(TestBrowser, TestNode)>();
        for (var i = 0; i < sessions; i++)
        {
            var home = i % 2 == 0 ? _a : _b;
            var browser = home.Browser();
            await browser.GetAsync("/set/color/red", home);
            browsers.Add((browser, home));
        }

        return browsers;
    }

    private static async Task<int> KeysAsync(RedisServer redis) =>
        (await redis.CommandAsync("KEYS", "*:1:{*")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;

    private async Task<TestNode> StartAsync()
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(_configuration);
        services.AddLogging(logging => logging.AddProvider(_logs));
        services.AddClusterSession().UseRedis();
        var provider = services.BuildServiceProvider();
        _providers.Add(provider);
        return await TestNode.StartAsync(provider.GetRequiredService<IClusterSessionStore>());
    }
}
