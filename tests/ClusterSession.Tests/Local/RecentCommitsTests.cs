using ClusterSession.Lifetime;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.TestKit.Sessions;
using ClusterSession.TestKit.Time;
using Microsoft.Extensions.Options;
using Xunit;

namespace ClusterSession.Tests.Local;

public sealed class RecentCommitsTests
{
    private const long Mine = 1;
    private const long Theirs = 2;
    private readonly ManualTimeProvider _time = new();
    private readonly ClusterSessionOptions _options = new();
    private long _stamp = 1;

    [Fact]
    public void Commits_are_forgotten_after_the_replay_window()
    {
        var recent = New();
        var (early, late) = (Key(1), Key(2));
        Commit(recent, early);
        _time.Advance(_options.Outage.ReplayWindow / 2);
        Commit(recent, late);
        _time.Advance(_options.Outage.ReplayWindow * 0.75);
        Commit(recent, Key(3));
        Assert.Null(recent.Find(early));
        Assert.NotNull(recent.Find(late));
    }

    [Fact]
    public void Session_that_is_committed_again_is_kept_a_replay_window_from_then()
    {
        var recent = New();
        var busy = Key(1);
        for (var i = 0; i < 10; i++)
        {
            Commit(recent, busy);
            _time.Advance(_options.Outage.ReplayWindow / 2);
        }

        Commit(recent, Key(2));
        Assert.NotNull(recent.Find(busy));
        _time.Advance(_options.Outage.ReplayWindow * 1.1);
        Commit(recent, Key(3));
        Assert.Null(recent.Find(busy));
        Assert.Equal(1, recent.Count);
    }

    [Fact]
    public void Past_the_most_bytes_the_sessions_committed_longest_ago_go_first()
    {
        _options.Outage.ReplayBytes = 10 * Record().Size;
        var recent = New();
        Commit(recent, Key(0));
        for (var i = 1; i < 10; i++)
        {
            Commit(recent, Key(i));
        }

        Commit(recent, Key(0)); // Now the newest.
        for (var i = 10; i < 15; i++)
        {
            Commit(recent, Key(i));
        }

        Assert.Equal(9, recent.Count); // Session 0 names two commits by now, and is larger.
        Assert.NotNull(recent.Find(Key(0)));
        Assert.Null(recent.Find(Key(1)));
        Assert.NotNull(recent.Find(Key(14)));
    }

    [Fact]
    public void Only_commits_of_other_nodes_that_are_missing_count_as_lacking_others()
    {
        var recent = New();
        Assert.False(Commit(recent, Key(1), previous: new(1, Mine)).IsDiverged);
        Assert.True(Commit(recent, Key(1), previous: new(1, Theirs)).IsDiverged);
        Assert.True(
            Commit(recent, Key(1), previous: new(2, Mine)).IsDiverged,
            "a commit of this node that is missing too does not bring the other's"
        );
        Assert.Equal(new SessionVersion(1, Theirs), recent.Find(Key(1))!.LackedVersion);
        Assert.False(Commit(recent, Key(1)).IsDiverged);
    }

    private RecentCommits New()
    {
        var options = Microsoft.Extensions.Options.Options.Create(_options);
        return new RecentCommits(options, new HybridClock(_time, Mine), _time);
    }

    private static SessionKey Key(int number)
    {
        Span<byte> bytes = stackalloc byte[SessionKey.ByteLength];
        bytes[0] = (byte)number;
        return SessionKeys.From(bytes);
    }

    private SessionRecord Record() =>
        RecordSketch.At(new SessionVersion(_stamp, 1)).With("a", new byte[10], new SessionVersion(_stamp, 1)).Build();

    private RecentCommit Commit(RecentCommits recent, SessionKey key, SessionVersion previous = default)
    {
        _stamp++;
        _time.Advance(TimeSpan.FromMilliseconds(1));
        return recent.Add(key, Record(), isComplete: previous.IsNone, previous);
    }
}
