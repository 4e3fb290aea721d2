using ClusterSession.Cli.Watching;
using ClusterSession.Failover.Face;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Time;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Xunit;
using static ClusterSession.Cli.Tests.Watching.Sights;

namespace ClusterSession.Cli.Tests.Watching;

/// <summary>What a watcher answers, by staged sights and a clock of its own.</summary>
public sealed class SentinelWatchTests
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public void Two_watchers_never_answer_primary_at_once_however_their_looks_fall()
    {
        var (former, next) = (WatchOf(A), WatchOf(B));
        Took(former, "healthy");
        Took(next, "healthy");
        _clock.Advance(Life + Moment);
        var began = _clock.GetTimestamp();
        Took(next, "switched"); // The latest moment at which the other may have seen the former one named.
        former.Took(Sights.All["healthy"], began);
        Assert.True(former.Primary().Is);

        for (var passed = TimeSpan.Zero; passed < 3 * Life; passed += 10 * Moment)
        {
            Assert.False(former.Primary().Is && next.Primary().Is);
            _clock.Advance(10 * Moment);
            Took(next, "switched");
        }

        Assert.Equal((false, true), (former.Primary().Is, next.Primary().Is));
        Assert.Contains("stands still", former.Primary().Status.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("healthy", A, true)]
    [InlineData("healthy", B, false)]
    [InlineData("sentinel-away", A, true)]
    [InlineData("former-named-by-one", A, false)]
    [InlineData("former-named-by-one", B, true)]
    [InlineData("two-masters", A, false)]
    [InlineData("two-masters", B, true)]
    [InlineData("no-majority", A, false)]
    [InlineData("split", A, false)]
    [InlineData("split", B, false)]
    [InlineData("failing-over", A, false)]
    [InlineData("failing-over", B, false)]
    [InlineData("doubted", A, false)]
    [InlineData("sentinels-not-named", A, false)]
    public void Primary_takes_a_majority_the_role_and_no_failover(string state, string own, bool isPrimary)
    {
        var watch = WatchOf(own);
        Took(watch, state);
        Assert.False(watch.Primary().Is); // It was named only now, as far as this watcher knows.
        _clock.Advance(Life + Moment);
        Took(watch, state);
        Assert.Equal(isPrimary, watch.Primary().Is);
    }

    [Fact]
    public void Replica_is_one_that_follows_the_master_and_lags_by_no_more_than_asked()
    {
        var watch = WatchOf(C);
        Took(watch, "healthy");
        Assert.True(watch.Replica(null).Is);
        Assert.True(watch.Replica(4_096).Is);
        Assert.False(watch.Replica(4_095).Is);
        Assert.True(watch.ReadOnly().Is);
        Took(watch, "follows-another");
        Assert.False(watch.Replica(null).Is);
        _clock.Advance(Life + Moment);
        Assert.False(watch.Replica(null).Is);
    }

    [Fact]
    public void Watcher_without_a_Redis_speaks_of_the_site_and_for_no_Redis()
    {
        var watch = WatchOf(null);
        Assert.False(watch.Cluster().IsRuled);
        Took(watch, "healthy");
        _clock.Advance(Moment);
        Assert.False(watch.Primary().Is);
        Assert.False(watch.ReadOnly().Is);
        var (isRuled, status) = watch.Cluster();
        Assert.True(isRuled);
        Assert.Equal((A, 6), (status.Ruler, status.Lease.Epoch));
        Assert.Equal(
            [MemberRole.Master, MemberRole.Replica, MemberRole.Replica],
            status.Members.Select(one => one.Role)
        );
        Assert.True(watch.Health().IsHealthy);
    }

    [Fact]
    public void Health_names_two_masters_and_metrics_count_them()
    {
        var watch = WatchOf(B);
        Took(watch, "two-masters");
        var problem = Assert.Single(watch.Health().Problems);
        Assert.Contains($"{A} says that it is a master", problem, StringComparison.Ordinal);
        var page = new SentinelMetrics(watch).Text();
        Assert.Contains("\ncluster_session_failover_masters 2\n", page, StringComparison.Ordinal);
        Assert.Contains("\ncluster_session_failover_epoch 7\n", page, StringComparison.Ordinal);
        Assert.Contains($"\ncluster_session_failover_lag_bytes{{member=\"{C}\"}} 0\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_change_of_a_site_is_logged_once()
    {
        using var logs = new CapturedLogs();
        var changes = new SiteChangeLog(logs.CreateLogger("ClusterSession.Sentinel"));
        string[] story =
        [
            "healthy",
            "sentinel-away",
            "master-dead",
            "doubted",
            "switched",
            "two-masters",
            "switched",
            "no-majority",
            "healthy",
        ];
        foreach (var state in story)
        {
            changes.Looked(new SiteFacts(SightOf(state)));
            changes.Looked(new SiteFacts(SightOf(state)));
        }

        Assert.Equal(
            [
                (9040, LogLevel.Information),
                (9042, LogLevel.Warning),
                (9043, LogLevel.Information),
                (9050, LogLevel.Warning),
                (9047, LogLevel.Warning),
                (9047, LogLevel.Warning),
                (9049, LogLevel.Warning),
                (9051, LogLevel.Information),
                (9048, LogLevel.Information),
                (9048, LogLevel.Information),
                (9040, LogLevel.Information),
                (9045, LogLevel.Critical),
                (9046, LogLevel.Information),
                (9042, LogLevel.Warning),
                (9042, LogLevel.Warning),
                (9041, LogLevel.Warning),
                (9043, LogLevel.Information),
                (9043, LogLevel.Information),
                (9040, LogLevel.Information),
            ],
            logs.All.Select(log => (log.Event.Id, log.Level))
        );
    }

    private static SentinelWatchSettings Settings(string? own) =>
        SentinelWatchSettings.Read(
            new ConfigurationBuilder()
                .AddInMemoryCollection(
                    new Dictionary<string, string?>
                    {
                        ["ClusterSession:Sentinel:Redis"] = "10.0.0.21:26379,serviceName=shop",
                        ["ClusterSession:Sentinel:RedisAddress"] = own,
                    }
                )
                .Build()
        );

    private static TimeSpan Life => Settings(null).LookLife;

    private static SiteSight SightOf(string state) =>
        state switch
        {
            "switched" => Sights.Of(
                [Names(1, B, 7), Names(2, B, 7), Names(3, B, 7)],
                [Replica(A, of: B), Master(B), Replica(C, of: B)]
            ),
            "doubted" => Sights.Of(
                [Names(1, A) with { IsFailingOver = true }, Names(2, A), Names(3, A)],
                [Master(A), Replica(B), Replica(C)]
            ),
            _ => Sights.All[state],
        };

    private SentinelWatch WatchOf(string? own) => new(Settings(own), _clock);

    private void Took(SentinelWatch watch, string state) => watch.Took(SightOf(state), _clock.GetTimestamp());
}
