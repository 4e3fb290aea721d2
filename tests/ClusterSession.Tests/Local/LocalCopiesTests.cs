using ClusterSession.Lifetime;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.TestKit.Sessions;
using ClusterSession.TestKit.Time;
using Xunit;

namespace ClusterSession.Tests.Local;

public sealed class LocalCopiesTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly SessionKey _key = SessionKeys.New();

    [Fact]
    public void Published_copy_is_fresh_until_somebody_else_changes_the_session()
    {
        var copies = Copies();
        Publish(copies, _key, 1);
        Assert.True(copies.TryGet(_key, out var copy) && copy.IsFresh);
        copies.OnChanged(SessionKeys.New());
        Assert.True(copy.IsFresh);
        copies.OnChanged(_key);
        Assert.False(copy.IsFresh);
        Assert.True(copies.TryGet(_key, out _));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Answer_that_an_invalidation_or_an_end_has_overtaken_is_published_stale(bool dropped)
    {
        var copies = Copies();
        var mark = copies.Mark(_key);
        if (dropped)
        {
            copies.Drop(_key);
        }
        else
        {
            copies.OnChanged(_key);
        }

        var late = copies.Publish(_key, Record(1), SessionLease.Always, mark, 0);
        Assert.False(late.IsFresh);
        Assert.True(Publish(copies, _key, 2).IsFresh);
    }

    [Fact]
    public void Older_answer_does_not_replace_a_newer_copy()
    {
        var copies = Copies();
        Publish(copies, _key, 5);
        Assert.Equal(6, Publish(copies, _key, 4).Record.Version.Stamp);
    }

    [Fact]
    public void Answer_of_a_store_with_a_loss_does_not_take_away_a_copy_that_was_changed_since()
    {
        var copies = Copies();
        Publish(copies, _key, 5);
        copies.OnChanged(_key);
        var kept = Publish(copies, _key, 4);
        Assert.Equal((6, false), (kept.Record.Version.Stamp, kept.IsFresh));
    }

    [Fact]
    public void Of_two_states_that_lack_each_other_both_stay_whichever_comes_first()
    {
        Stay(new(2, 1), new(3, 1));
        Stay(new(3, 1), new(2, 1));
    }

    private void Stay(SessionVersion lost, SessionVersion given)
    {
        SessionVersion base_ = new(1, 1),
            whole = new(4, 1);
        var copies = Copies();
        copies.Publish(_key, Of(lost, base_), SessionLease.Always, copies.Mark(_key), 0);

        var both = copies.Publish(_key, Of(given, base_), SessionLease.Always, copies.Mark(_key), 0);
        Assert.True(both.Record.Contains(lost) && both.Record.Contains(given));
        Assert.False(both.IsComplete || both.IsFresh);

        Assert.True(
            copies
                .Publish(_key, Of(whole, new(3, 1), new(2, 1), base_), SessionLease.Always, copies.Mark(_key), 0)
                .IsFresh
        );
    }

    [Fact]
    public void Older_answer_does_not_replace_a_newer_copy_whose_connection_is_gone()
    {
        var copies = Copies();
        var mark = copies.Mark(_key);
        copies.Publish(_key, Record(5), SessionLease.None, mark, 0);
        Assert.Equal(6, copies.Publish(_key, Record(4), SessionLease.Always, mark, 0).Record.Version.Stamp);
    }

    [Fact]
    public void What_others_committed_beside_stays_here_until_a_record_has_all_of_it()
    {
        SessionVersion base_ = new(1, 1),
            theirs = new(2, 2),
            mine = new(3, 1),
            whole = new(4, 2);
        var copies = Copies();
        var mark = copies.Mark(_key);
        copies.Publish(_key, Of(base_), SessionLease.Always, mark, 0);
        copies.PutIncomplete(_key, Of(mine, base_), isDiverged: true);
        Assert.True(copies.TryGet(_key, out var copy));
        Assert.False(copy.IsComplete || copy.IsFresh);
        Assert.True(copy.IsDiverged);

        Assert.False(copies.Publish(_key, Of(theirs, base_), SessionLease.Always, copies.Mark(_key), 0).IsFresh);
        Assert.True(copies.TryGet(_key, out copy));
        Assert.False(copy.IsComplete);
        Assert.True(copy.IsDiverged, "there may be more of theirs");
        Assert.True(copy.Record.Contains(theirs) && copy.Record.Contains(mine));

        copies.Publish(_key, Of(whole, mine, theirs, base_), SessionLease.Always, copies.Mark(_key), 0);
        Assert.True(copies.TryGet(_key, out copy));
        Assert.True(copy.IsComplete && copy.IsFresh && !copy.IsDiverged);
        copies.Drop(_key);
        Assert.Equal((0, 0L), (copies.Count, copies.Bytes));
    }

    [Fact]
    public void Answer_from_before_others_committed_beside_is_published_stale()
    {
        var copies = Copies();
        var mark = copies.Mark(_key);
        copies.PutIncomplete(_key, Record(1));
        Assert.False(copies.Publish(_key, Record(2), SessionLease.Always, mark, 0).IsFresh);
    }

    [Fact]
    public void Copy_under_a_lease_that_is_not_current_is_not_fresh()
    {
        var copies = Copies();
        Assert.False(copies.Publish(_key, Record(1), SessionLease.None, copies.Mark(_key), 0).IsFresh);
    }

    [Fact]
    public void Being_published_again_is_no_use()
    {
        var copies = Copies();
        var first = copies.Publish(
            _key,
            Record(1),
            SessionLease.Always,
            copies.Mark(_key),
            copies.Clock.Now,
            isCommit: true
        );
        var usedAt = first.UsedAt;
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(
            usedAt,
            copies.Publish(_key, Record(1), SessionLease.Always, copies.Mark(_key), first.TouchedAt).UsedAt
        );
    }

    [Fact]
    public void Copies_are_bounded_by_count()
    {
        var copies = Copies(count: 100);
        for (var i = 0; i < 1000; i++)
        {
            Publish(copies, SessionKeys.New(), 1);
            Assert.True(copies.Count <= 101);
        }

        Assert.InRange(copies.Count, 50, 100);
        Assert.Equal(copies.Count, copies.All().Count());
    }

    [Theory]
    [InlineData(100_000)]
    [InlineData(0)]
    public void Copies_are_bounded_by_bytes(long bytes)
    {
        var copies = Copies(bytes: bytes);
        for (var i = 0; i < 200; i++)
        {
            Publish(copies, SessionKeys.New(), 1, size: 5_000);
            Assert.True(copies.Bytes <= bytes, $"{copies.Bytes} of {bytes}");
        }

        copies.All().ToList().ForEach(copy => copies.Drop(copy.Key));
        Assert.Equal((0, 0L), (copies.Count, copies.Bytes));
    }

    [Fact]
    public void Copy_that_is_used_gets_a_second_chance()
    {
        var copies = Copies(count: 50);
        Publish(copies, _key, 1);
        for (var i = 0; i < 5_000; i++)
        {
            Assert.True(copies.TryGet(_key, out var copy), $"evicted after {i}");
            copy.WasUsed = true;
            Publish(copies, SessionKeys.New(), 1).WasUsed = false;
        }
    }

    [Fact]
    public void Copy_of_a_session_of_which_the_store_lacks_something_is_never_evicted()
    {
        var pending = new PendingSessions();
        pending.GetOrAdd(_key, DateTimeOffset.UnixEpoch);
        pending.CountOne();
        var copies = new LocalCopies(new LocalCopyOptions { MaxCount = 10 }, new CoarseClock(_time), pending);
        Publish(copies, _key, 1);
        for (var i = 0; i < 1000; i++)
        {
            Publish(copies, SessionKeys.New(), 1).WasUsed = false;
        }

        Assert.True(copies.TryGet(_key, out _));
    }

    [Fact]
    public void Count_and_bytes_are_right_after_any_use_by_many_threads()
    {
        var copies = Copies(count: 200);
        var keys = Enumerable.Range(0, 400).Select(_ => SessionKeys.New()).ToArray();
        Enumerable
            .Range(0, 4)
            .AsParallel()
            .WithDegreeOfParallelism(4)
            .ForAll(thread =>
            {
                var random = new Random(thread);
                for (var i = 0; i < 5_000; i++)
                {
                    var key = keys[random.Next(keys.Length)];
                    switch (random.Next(5))
                    {
                        case 4:
                            copies.PutIncomplete(key, Record(i, random.Next(300)));
                            break;
                        case 0:
                            copies.Drop(key);
                            break;
                        case 1:
                            copies.OnChanged(key);
                            break;
                        default:
                            Publish(copies, key, i, random.Next(300));
                            break;
                    }
                }
            });
        Assert.Equal(copies.All().Count(), copies.Count);
        copies.All().ToList().ForEach(copy => copies.Drop(copy.Key));
        Assert.Equal((0, 0L), (copies.Count, copies.Bytes));
    }

    private LocalCopies Copies(int count = 1000, long bytes = long.MaxValue) =>
        new(new LocalCopyOptions { MaxCount = count, MaxBytes = bytes }, new CoarseClock(_time));

    private static LocalCopy Publish(LocalCopies copies, SessionKey key, long stamp, int size = 10) =>
        copies.Publish(key, Record(stamp, size), SessionLease.Always, copies.Mark(key), 0);

    private static SessionRecord Of(params SessionVersion[] lineage) =>
        RecordSketch.At(lineage).With("a", "1", lineage[^1]).Build();

    /// <summary>The state after so many commits.</summary>
    private static SessionRecord Record(long stamp, int size = 10) =>
        RecordSketch
            .At([.. Enumerable.Range(0, (int)Math.Min(stamp, 7) + 1).Select(i => new SessionVersion(stamp + 1 - i, 1))])
            .With("a", new byte[size], new SessionVersion(stamp + 1, 1))
            .Build();
}
