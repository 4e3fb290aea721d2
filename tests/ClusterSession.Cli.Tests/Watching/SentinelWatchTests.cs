using ClusterSession.Cli.Watching;
using ClusterSession.Failover.Face;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Time;
using Microsoft.Extensions.Logging;
using Xunit;
using static ClusterSession.Cli.Tests.Watching.Sights;

namespace ClusterSession.Cli.Tests.Watching;

/// <summary>What a watcher answers, by staged sights and a clock of its own.</summary>
public sealed class SentinelWatchTests
{
    private const int Interval = 1_000;
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);
    private readonly ManualTimeProvider _clock = new();

    /// <param name="former">How long the looks of the former watcher take, in milliseconds.</param>
    /// <param name="next">The same of the next one.</param>
    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 600)]
    [InlineData(600, 0)]
    [InlineData(600, 600)]
    public void Two_watchers_never_answer_primary_at_once_however_their_looks_fall(int former, int next)
    {
        for (var first = 0; first < Interval; first += 200)
        {
            for (var second = 0; second < Interval; second += 200)
            {
                Assert.Equal((true, true), Switched((first, former), (second, next)));
            }
        }
    }

    [Fact]
    public void Look_without_a_majority_ends_nothing_at_once_and_costs_no_new_wait()
    {
        var watch = WatchOf(A);
        Took(watch, "healthy");
        _clock.Advance(Life + Moment);
        Took(watch, "healthy");
        _clock.Advance(Interval * Moment);
        watch.Took(WithoutMajority(SightOf("healthy")), _clock.GetTimestamp());
        Assert.True(watch.Primary().Is);
        Assert.True(watch.Health().IsHealthy);

        _clock.Advance(Life - (Interval * Moment) + Moment); // The look with a majority is over.
        Assert.Contains("No majority", watch.Primary().Status.Reason, StringComparison.Ordinal);
        Assert.False(watch.Health().IsHealthy);
        Took(watch, "healthy");
        Assert.True(watch.Primary().Is);

        // Deposed and promoted again, meanwhile: another one may be the primary by its watcher.
        watch.Took(
            Sights.Of([Names(1, A, 8), Names(2, A, 8), Names(3, A, 8)], [Master(A), Replica(B), Replica(C)]),
            _clock.GetTimestamp()
        );
        Assert.Contains("named only now", watch.Primary().Status.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Answer_is_of_one_look_also_where_the_next_one_ends_meanwhile()
    {
        var watch = WatchOf(A);
        Took(watch, "healthy");
        _clock.Advance(Life + Moment);
        var redis = new ReadList(SightOf("healthy").Redis);
        watch.Took(SightOf("healthy") with { Redis = redis }, _clock.GetTimestamp());
        Assert.True(watch.Primary().Is);
        _clock.Advance(Life + Moment);
        redis.Reading = () => Took(watch, "switched");
        Assert.False(watch.Primary().Is);
    }

    [Theory]
    [InlineData("00:00:01", "00:00:00.300")]
    [InlineData("00:00:00.200", "00:00:00.300")]
    public void Look_counts_until_the_next_one_ends_however_slow_both_are(string interval, string deadline)
    {
        var settings = WatchSettings.Of(A, interval, deadline);
        var watch = new SentinelWatch(settings, _clock);
        Took(watch, "healthy");
        var longest = 2 * settings.Deadline; // A Sentinel and then a Redis that answer at the last moment.
        _clock.Advance(settings.Interval > longest ? settings.Interval : longest);
        _clock.Advance(longest + (50 * Moment));
        Assert.DoesNotContain("stands still", watch.Primary().Status.Reason, StringComparison.Ordinal);
        _clock.Advance(settings.LookLife);
        Assert.Contains("stands still", watch.Primary().Status.Reason, StringComparison.Ordinal);
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
    [InlineData("finishing", B, true)]
    [InlineData("finishing", A, false)]
    [InlineData("newer-known-by-one", A, false)]
    [InlineData("newer-known-by-one", B, false)]
    [InlineData("two-configurations", A, false)]
    [InlineData("named-twice", A, true)]
    [InlineData("master-says-replica", A, false)]
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
        Took(watch, "healthy");
        Assert.True(watch.Replica(null).Is);
        _clock.Advance(Life + Moment);
        Assert.False(watch.Replica(null).Is);
        Took(watch, "no-majority");
        Assert.False(watch.Replica(null).Is);
        Assert.Contains("No majority", watch.Replica(null).Status.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Redis_that_the_Sentinels_name_otherwise_is_said_and_is_no_second_master()
    {
        var watch = WatchOf("redis-1:6379");
        Took(watch, "named-otherwise");
        _clock.Advance(Life + Moment);
        Took(watch, "named-otherwise");
        Assert.Contains($"name the Redis of this host {A}", watch.Primary().Status.Reason, StringComparison.Ordinal);
        Assert.Contains("Set RedisAddress", Assert.Single(watch.Health().Problems), StringComparison.Ordinal);
        Assert.Equal([9040, 9053], Logged(SightOf("named-otherwise"), SightOf("named-otherwise")));
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
    public void Address_that_a_Redis_announces_breaks_no_page_of_metrics()
    {
        var watch = WatchOf(A);
        watch.Took(SightOf("healthy") with { Redis = [Master(A), Replica("a\"b\n\\:1")] }, _clock.GetTimestamp());
        Assert.Contains(
            "\ncluster_session_failover_member_reachable{member=\"a\\\"b\\n\\\\:1\"} 1\n",
            new SentinelMetrics(watch).Text(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Watcher_is_alive_while_it_looks()
    {
        var watch = WatchOf(A);
        Assert.False(watch.IsAlive);
        Took(watch, "healthy");
        _clock.Advance(2 * Life);
        Assert.True(watch.IsAlive);
        _clock.Advance(Moment);
        Assert.False(watch.IsAlive);
    }

    [Fact]
    public void Second_master_ends_where_it_says_so_and_not_where_the_first_is_late()
    {
        var late = SightOf("two-masters") with { Redis = [Master(A), Dead(B), Replica(C, of: B)] };
        Assert.Equal(
            [9040, 9045, 9050, 9051, 9046],
            Logged(SightOf("two-masters"), late, SightOf("two-masters"), SightOf("switched"))
        );
    }

    [Fact]
    public void Replica_that_follows_another_one_is_not_found_where_no_master_is_known()
    {
        var sight = SightOf("follows-another");
        Assert.Equal([9040, 9047, 9042, 9042, 9041, 9043, 9043, 9040], Logged(sight, WithoutMajority(sight), sight));
    }

    [Fact]
    public void Master_of_a_newer_configuration_is_logged_as_such_and_is_no_second_one() =>
        Assert.Equal([9044, 9040], Logged(SightOf("newer-known-by-one")));

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

    private static TimeSpan Life => WatchSettings.Of(null).LookLife;

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

    private SentinelWatch WatchOf(string? own) => new(WatchSettings.Of(own), _clock);

    private void Took(SentinelWatch watch, string state) => watch.Took(SightOf(state), _clock.GetTimestamp());

    private static IEnumerable<int> Logged(params SiteSight[] sights)
    {
        using var logs = new CapturedLogs();
        var changes = new SiteChangeLog(logs.CreateLogger("ClusterSession.Sentinel"));
        foreach (var sight in sights)
        {
            changes.Looked(new SiteFacts(sight));
        }

        return [.. logs.All.Select(log => log.Event.Id)];
    }

    /// <summary>
    /// The Sentinels switch from A to B. The former watcher sees what was at the begin of a look,
    /// and stands still after the last one that shows A; the next one sees what was at the end:
    /// the worst that can be. Every third look of both lacks a majority.
    /// </summary>
    /// <returns>Whether each has been the primary.</returns>
    private (bool Former, bool Next) Switched((int First, int Takes) former, (int First, int Takes) next)
    {
        const int Step = 20;
        const int Switch = 4_000;
        const int End = 9_000;
        var (a, b) = (WatchOf(A), WatchOf(B));
        var (wasFormer, wasNext) = (false, false);
        for (var at = 0; at < End; at += Step)
        {
            if (at - former.Takes <= Switch)
            {
                Looked(a, former, at, "healthy");
            }

            Looked(b, next, at, at < Switch ? "healthy" : "switched");
            var (isFormer, isNext) = (a.Primary().Is, b.Primary().Is);
            Assert.False(isFormer && isNext, $"Both, {at} ms after the start: {former} and {next}.");
            (wasFormer, wasNext) = (wasFormer || isFormer, wasNext || isNext);
            _clock.Advance(Step * Moment);
        }

        return (wasFormer, wasNext);
    }

    /// <summary>Where a look ends now.</summary>
    private void Looked(SentinelWatch watch, (int First, int Takes) looks, int at, string state)
    {
        var since = at - looks.Takes - looks.First;
        if (since >= 0 && since % Interval == 0)
        {
            var sight = SightOf(state);
            watch.Took(
                since / Interval % 3 == 2 ? WithoutMajority(sight) : sight,
                _clock.GetTimestamp() - (looks.Takes * TimeSpan.TicksPerMillisecond)
            );
        }
    }
}
