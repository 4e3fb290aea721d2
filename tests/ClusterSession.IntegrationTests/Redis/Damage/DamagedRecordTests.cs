using System.Globalization;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Damage;

/// <summary>
/// Records that somebody or something has damaged in Redis: they fail their own sessions, and no
/// other.
/// </summary>
public sealed class DamagedRecordTests(ITestOutputHelper output)
{
    private const int Nodes = 2;
    private const int Damaged = 200;
    private const int Healthy = 160;
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(8);

    [Fact]
    public async Task Damaged_records_fail_their_own_sessions_and_no_other()
    {
        var isLong = Environment.GetEnvironmentVariable("CLUSTERSESSION_LONG") == "1";
        var seed = Environment.GetEnvironmentVariable("CLUSTERSESSION_SEED") is { } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : Random.Shared.Next();
        output.WriteLine($"CLUSTERSESSION_SEED={seed}");
        using var logs = new CapturedLogs();
        await using var redis = await RedisServer.StartAsync();
        await using var a = await StartAsync(redis, logs);
        await using var b = await StartAsync(redis, logs);
        var traffic = new DamageTraffic([a, b], seed);
        await traffic.BeginAsync(Healthy, Damaged);

        await traffic.RunAsync(isLong ? TimeSpan.FromMinutes(10) : TimeSpan.FromSeconds(15), redis);

        output.WriteLine(traffic.Summary);
        Assert.Empty(traffic.Failures);
        Assert.Equal((0, 0), (logs.Count("StoreUnanswering"), logs.Count("TouchesFailed")));
        var named = logs.All.Where(static log => log.Event.Name == "RecordDamaged").ToArray();
        Assert.NotEmpty(named);
        Assert.All(named.GroupBy(static log => log.Text), static lines => Assert.InRange(lines.Count(), 1, Nodes));
    }

    private static Task<TestNode> StartAsync(RedisServer redis, CapturedLogs logs) =>
        TestNode.StartAsync(
            RedisNode.Store(redis.ConnectionString + ",asyncTimeout=30000,heartbeatTimeout=30000"),
            options: static options =>
            {
                options.IdleTimeout = Idle;
                // A busy machine may be late: what is asked here is who fails, not how fast the
                // others are.
                options.Outage.SoftTimeout = options.Outage.HardTimeout = TimeSpan.FromSeconds(30);
                options.TouchInterval = TimeSpan.FromSeconds(1);
            },
            services: services => services.AddSingleton<ILoggerProvider>(logs)
        );
}
