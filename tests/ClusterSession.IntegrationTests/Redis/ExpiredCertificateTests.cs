using System.Globalization;
using ClusterSession.Redis;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Nodes;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>
/// The server's certificate has expired while nodes run (S22): open connections go on, a new one is
/// refused, and no session is dropped.
/// </summary>
public sealed class ExpiredCertificateTests : IAsyncLifetime
{
    private readonly TestCertificates _certificates = new();
    private readonly CapturedLogs _logs = new();
    private readonly ILoggerFactory _loggers;
    private RedisServer _redis = null!;
    private TestNode _a = null!;
    private TestNode _b = null!;

    public ExpiredCertificateTests() => _loggers = LoggerFactory.Create(logging => logging.AddProvider(_logs));

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync(new RedisServerOptions { Certificates = _certificates });
        _a = await StartAsync();
        _b = await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _a.DisposeAsync();
        await _b.DisposeAsync();
        await _redis.DisposeAsync();
        _loggers.Dispose();
        _certificates.Dispose();
    }

    [Fact]
    public async Task Certificate_that_has_expired_is_named_and_drops_no_session_and_no_commit()
    {
        var browser = _a.Browser();
        await browser.GetAsync("/set/color/red");
        await GiveAsync(_certificates.ExpiredCertFile, _certificates.ExpiredKeyFile);
        Assert.Equal("blue", await browser.GetAsync("/set/color/blue"));
        Assert.Equal(0, _a.Unsaved()); // Nobody looks at the certificate of a connection that is open.

        await _redis.CommandAsync("CLIENT", "KILL", "TYPE", "normal");
        var date = _certificates.ExpiredOn.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
        await Condition.HoldsAsync(
            () => _logs.All.Any(log => log.Text.Contains($"expired on {date} UTC", StringComparison.Ordinal)),
            "the log says why there is no connection"
        );

        Assert.Equal("green", await browser.GetAsync("/set/color/green"));
        Assert.Equal(200, (int)browser.LastStatus);
        Assert.Equal("green", await browser.GetAsync("/get/color"));
        Assert.Equal(1, _a.Unsaved());

        await GiveAsync(_certificates.ServerCertFile, _certificates.ServerKeyFile);
        await Condition.HoldsAsync(() => _a.Unsaved() == 0, "the node is connected again, and has sent what it kept");
        await Condition.HoldsAsync(
            async () => await browser.GetAsync("/get/color", _b) == "green",
            "the other node is connected again"
        );
        Assert.Equal("False", await browser.GetAsync("/regressed", _b));
    }

    private async Task GiveAsync(string certificate, string key) =>
        Assert.Equal(
            "OK",
            await _redis.CommandAsync("CONFIG", "SET", "tls-cert-file", certificate, "tls-key-file", key)
        );

    private Task<TestNode> StartAsync() =>
        TestNode.StartAsync(
            new RedisSessionStore(
                RedisOptions.Parse($"{_redis.ConnectionString},sslCaFile={_certificates.CaFile}"),
                "cs",
                TimeSpan.FromSeconds(30),
                TimeProvider.System,
                new Random(7),
                _loggers.CreateLogger<RedisSessionStore>()
            )
        );
}
