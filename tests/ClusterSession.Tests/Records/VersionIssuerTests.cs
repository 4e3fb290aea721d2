using ClusterSession.Records;
using ClusterSession.TestKit.Sessions;
using ClusterSession.TestKit.Time;
using Xunit;

namespace ClusterSession.Tests.Records;

public sealed class VersionIssuerTests
{
    private const long Hour = 3_600_000_000;
    private readonly ManualTimeProvider _time = new();

    private long Now => (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    [Fact]
    public void Version_names_the_last_stamp_that_was_issued_for_its_session()
    {
        var versions = New();
        var (one, other) = (SessionKeys.New(), SessionKeys.New());
        var first = versions.Next(one);
        var elsewhere = versions.Next(other);
        var second = versions.Next(one);
        Assert.Equal(
            (0L, 0L, first.Version.Stamp),
            (first.PreviousStamp, elsewhere.PreviousStamp, second.PreviousStamp)
        );
        Assert.True(second.Version > elsewhere.Version);
    }

    [Fact]
    public void Refused_version_is_withdrawn_if_it_is_still_the_last()
    {
        var versions = New();
        var key = SessionKeys.New();
        var first = versions.Next(key);
        var refused = versions.Next(key);
        versions.Withdraw(key, refused);
        var next = versions.Next(key);
        Assert.Equal(first.Version.Stamp, next.PreviousStamp);
        versions.Withdraw(key, refused); // No longer the last.
        Assert.Equal(next.Version.Stamp, versions.Next(key).PreviousStamp);
    }

    [Fact]
    public void Refused_version_that_is_not_the_last_leaves_no_gap_in_the_record()
    {
        var versions = New();
        var key = SessionKeys.New();
        var created = versions.Next(key);
        var record = new SessionDelta().ApplyTo(SessionRecord.New(_time.GetUtcNow()), created);
        var refused = versions.Next(key);
        var beside = versions.Next(key); // By another request of this session.
        versions.Withdraw(key, refused);
        record = new SessionDelta().ApplyTo(record, beside);
        Assert.Equal(2 * 20, record.Intervals.Length);
        var next = versions.Next(key);
        record = new SessionDelta().ApplyTo(record, next);
        Assert.Equal(20, record.Intervals.Length);
        Assert.All([created, beside, next], issued => Assert.True(record.Contains(issued.Version)));
        Assert.True(versions.Next(key).UnusedStamps.IsEmpty); // It is said once.
    }

    [Fact]
    public void What_a_refused_version_says_of_those_before_it_is_said_by_the_next_one()
    {
        var versions = New();
        var key = SessionKeys.New();
        var first = versions.Next(key);
        var second = versions.Next(key);
        versions.Withdraw(key, first);
        var third = versions.Next(key);
        versions.Withdraw(key, third);
        var record = new SessionDelta().ApplyTo(
            new SessionDelta().ApplyTo(SessionRecord.New(_time.GetUtcNow()), second),
            versions.Next(key)
        );
        Assert.Equal(20, record.Intervals.Length);
    }

    [Fact]
    public void Version_is_above_the_record_and_what_the_client_has_seen_though_the_clock_is_behind()
    {
        var versions = New();
        var (key, other) = (SessionKeys.New(), SessionKeys.New());
        var record = new SessionVersion(Now + (2 * Hour), 9);
        Assert.Equal(record.Stamp + 1, versions.Next(key, record).Version.Stamp);
        var seen = new SessionVersion(Now + (3 * Hour), 9);
        versions.Observe(key, seen);
        Assert.Equal(seen.Stamp + 1, versions.Next(key).Version.Stamp);
        Assert.Equal(seen.Stamp + 2, versions.Next(key).Version.Stamp);
        // Only the session that the wrong clock wrote to.
        Assert.InRange(versions.Next(other).Version.Stamp, Now, Now + 10);
        versions.Observe(key, new SessionVersion(SessionVersion.MaxStamp, 9));
        Assert.True(versions.Next(key).AreStampsRunningOut);
        Assert.False(versions.Next(other).AreStampsRunningOut);
    }

    /// <summary>
    /// What is said of a session that is no longer remembered must hold for all that was issued for
    /// it.
    /// </summary>
    [Fact]
    public void Forgotten_sessions_have_no_stamp_between_what_is_said_and_the_next() =>
        Seeds.Check(
            random =>
            {
                var versions = New(perGeneration: 4);
                var issued = new Dictionary<SessionKey, long>();
                var keys = Enumerable.Range(0, 2000).Select(_ => SessionKeys.New()).ToArray();
                for (var i = 0; i < 5000; i++)
                {
                    var key = keys[random.Next(random.Next(1, keys.Length))];
                    var next = versions.Next(key);
                    Assert.InRange(next.PreviousStamp, issued.GetValueOrDefault(key), next.Version.Stamp - 1);
                    issued[key] = next.Version.Stamp;
                }
            },
            runs: 5
        );

    [Fact]
    public void Requests_at_once_get_versions_whose_intervals_follow_each_other()
    {
        var versions = New();
        var key = SessionKeys.New();
        var all = Enumerable
            .Range(0, 4)
            .AsParallel()
            .WithDegreeOfParallelism(4)
            .SelectMany(_ => Enumerable.Range(0, 2000).Select(_ => versions.Next(key)).ToArray())
            .OrderBy(one => one.Version)
            .ToArray();
        Assert.Equal(all.Select(one => one.Version.Stamp).SkipLast(1), all.Select(one => one.PreviousStamp).Skip(1));
    }

    private VersionIssuer New(int perGeneration = 4096) => new(new HybridClock(_time, 1), perGeneration);
}
