using System.Text;
using ClusterSession.Records;
using ClusterSession.TestKit.Sessions;
using Xunit;

namespace ClusterSession.Tests.Records;

public sealed class SessionRecordTests
{
    [Theory]
    [InlineData(5)]
    [InlineData(23)]
    [InlineData(24)]
    [InlineData(400)]
    public void Record_holds_what_a_dictionary_holds(int names) =>
        Seeds.Check(
            random =>
            {
                var model = new Dictionary<string, (SessionVersion Version, byte[]? Value)>();
                var record = SessionRecord.New(DateTimeOffset.UnixEpoch);
                for (var stamp = 1; stamp < 40; stamp++)
                {
                    var version = new SessionVersion(stamp, 1);
                    var delta = new SessionDelta();
                    for (var i = 0; i < names / 5; i++)
                    {
                        var name = NameOf(random.Next(names));
                        byte[]? value = random.Next(4) == 0 ? null : Histories.Value(random);
                        if (value is null)
                        {
                            delta.Remove(name);
                        }
                        else
                        {
                            delta.Set(name, value);
                        }

                        model[name] = (version, value);
                    }

                    record = delta.ApplyTo(record, version);
                }

                AssertSame(model, record);
            },
            runs: 20
        );

    [Theory]
    [InlineData(0)]
    [InlineData(191)]
    [InlineData(192)]
    [InlineData(16_384)]
    [InlineData(1024 * 1024)]
    public void Payload_of_any_length_comes_back(int length)
    {
        var value = new byte[length];
        new Random(length).NextBytes(value);
        var record = RecordSketch.At(new SessionVersion(1, 1)).With("x", value, new SessionVersion(1, 1)).Build();
        Assert.True(record.TryFind("x", out var attribute));
        Assert.True(attribute.Exists);
        Assert.True(attribute.Payload.SequenceEqual(value));
        Assert.True(record.Size >= length);
    }

    [Fact]
    public void Large_payload_that_a_commit_does_not_touch_is_not_copied()
    {
        var delta = new SessionDelta();
        delta.Set("large", new byte[100_000]);
        var first = delta.ApplyTo(SessionRecord.New(DateTimeOffset.UnixEpoch), new SessionVersion(1, 1));
        var counter = new SessionDelta();
        counter.Set("counter", [1]);
        var second = counter.ApplyTo(first, new SessionVersion(2, 1));
        Assert.True(first.TryFind("large", out var before));
        Assert.True(second.TryFind("large", out var after));
        Assert.Same(before.Large, after.Large);
    }

    [Fact]
    public void Names_are_compared_by_their_bytes()
    {
        var version = new SessionVersion(1, 1);
        var record = RecordSketch
            .At(version)
            .With("e\u0301", "decomposed", version)
            .With("\u00e9", "composed", version)
            .With("E", "upper", version)
            .With("e", "lower", version)
            .Build();
        Assert.Equal(4, record.AttributeCount);
        Assert.True(record.TryFind("\u00e9", out var composed));
        Assert.Equal("composed", Encoding.UTF8.GetString(composed.Payload));
        Assert.False(record.TryFind("É", out _));
        Assert.False(record.TryFind("", out _));
    }

    [Fact]
    public void Copy_contains_the_commits_of_its_intervals_and_no_others()
    {
        var some = RecordSketch.At(new(10, 1), new(5, 2)).Commit(new(7, 1), after: 4).Build();
        Assert.True(some.Contains(SessionVersion.None));
        Assert.All(new SessionVersion[] { new(10, 1), new(7, 1), new(5, 1), new(5, 2) }, version =>
            Assert.True(some.Contains(version))
        );
        Assert.All(
            new SessionVersion[]
            {
                new(11, 1),
                new(10, 2),
                new(10, 0),
                new(9, 1),
                new(8, 1),
                new(4, 1),
                new(1, 1),
                new(4, 2),
            },
            version => Assert.False(some.Contains(version))
        );
        var fresh = SessionRecord.New(DateTimeOffset.UnixEpoch);
        Assert.True(fresh.Contains(SessionVersion.None));
        Assert.False(fresh.Contains(new(1, 1)));
    }

    [Fact]
    public void Commits_in_a_row_are_one_interval_and_a_loss_leaves_a_gap_until_a_whole_copy_closes_it()
    {
        var record = SessionRecord.New(DateTimeOffset.UnixEpoch);
        for (var stamp = 10; stamp <= 200; stamp += 10)
        {
            record = new SessionDelta().ApplyTo(record, new SessionVersion(stamp, 1), after: stamp - 10);
        }

        Assert.Equal((20, new SessionVersion(200, 1)), (record.Intervals.Length, record.Version));
        var lost = new SessionDelta().ApplyTo(record, new SessionVersion(210, 1), after: 200);
        var later = new SessionDelta().ApplyTo(record, new SessionVersion(220, 1), after: 210);
        Assert.Equal((true, false), (later.Contains(new(200, 1)), later.Contains(lost.Version)));
        var repaired = SessionRecord.Merge(lost, later);
        Assert.Equal(
            (20, true, true),
            (repaired.Intervals.Length, repaired.Contains(lost.Version), repaired.ContainsAllOf(later))
        );
        Assert.False(later.ContainsAllOf(lost));
    }

    [Fact]
    public void Of_a_writer_the_newest_intervals_are_kept_and_of_the_writers_those_that_wrote_last()
    {
        var gaps = RecordSketch.At([.. Enumerable.Range(1, 17).Select(i => new SessionVersion(i * 10, 1))]).Build();
        Assert.Equal(
            (true, true, false),
            (gaps.Contains(new(170, 1)), gaps.Contains(new(20, 1)), gaps.Contains(new(10, 1)))
        );
        var many = RecordSketch.At([.. Enumerable.Range(1, 130).Select(i => new SessionVersion(i * 10, i))]).Build();
        Assert.Equal(128 * 20, many.Intervals.Length);
        Assert.Equal(
            (false, false, true),
            (many.Contains(new(10, 1)), many.Contains(new(20, 2)), many.Contains(new(30, 3)))
        );
        Assert.Equal(0, many.ForgottenUpTo); // Counts only where tombstones were dropped.
    }

    [Fact]
    public void Value_that_a_copy_has_removed_does_not_come_back_when_its_tombstone_was_dropped()
    {
        var (v1, v2, v3) = (new SessionVersion(10, 1), new SessionVersion(20, 1), new SessionVersion(30, 1));
        var old = RecordSketch.At(v1).With("a", "1", v1).With("b", "1", v1).Build();
        var removal = new SessionDelta();
        removal.Remove("a");
        var removed = removal.ApplyTo(old, v2, v1.Stamp);
        var dropped = new SessionDelta().ApplyTo(
            removed,
            new SessionChange(v2, v3, new SessionDelta(), ["a"], default, default, PreviousStamp: v2.Stamp)
        );
        Assert.False(dropped.TryFind("a", out _));
        Assert.True(dropped.HasDroppedTombstones);
        Assert.All([SessionRecord.Merge(dropped, old), SessionRecord.Merge(old, dropped)], merged =>
        {
            Assert.False(merged.TryFind("a", out _));
            Assert.True(merged.TryFind("b", out _));
        });
        // Nobody has seen and removed that.
        var other = RecordSketch.At(new SessionVersion(15, 2)).With("a", "new", new(15, 2)).Build();
        Assert.True(SessionRecord.Merge(dropped, other).TryFind("a", out _));
    }

    [Fact]
    public void Only_tombstones_beyond_the_newest_whose_values_are_contained_are_dropped()
    {
        var record = SessionRecord.New(DateTimeOffset.UnixEpoch);
        for (var i = 1; i <= 70; i++)
        {
            var (set, remove) = (new SessionDelta(), new SessionDelta());
            set.Set("a" + i, [1]);
            remove.Remove("a" + i);
            record = set.ApplyTo(record, new SessionVersion(i * 10, 1), after: (i * 10) - 5);
            record = remove.ApplyTo(record, new SessionVersion((i * 10) + 5, 1), after: i * 10);
        }

        Assert.Equal(["a1", "a2", "a3", "a4", "a5", "a6"], Tombstones.ToForget(record, new SessionDelta()));
        var alone = RecordSketch.At(new SessionVersion(1000, 3));
        for (var i = 0; i < 70; i++)
        {
            alone.Without("a" + i, new(1000 - i, 3)); // What they removed is not known.
        }

        Assert.Empty(Tombstones.ToForget(alone.Build(), new SessionDelta()));
    }

    private static string NameOf(int i) =>
        i % 3 == 0 ? "name" + i
        : i % 3 == 1 ? "ñämé" + i
        : "会話\U0001F600" + i;

    private static void AssertSame(
        Dictionary<string, (SessionVersion Version, byte[]? Value)> model,
        SessionRecord record
    )
    {
        Assert.Equal(model.Count, record.AttributeCount);
        var walked = new List<string>();
        foreach (var attribute in record)
        {
            walked.Add(attribute.Name);
        }

        Assert.Equal(
            model.Keys.Order(
                Comparer<string>.Create(
                    (a, b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b))
                )
            ),
            walked
        );
        foreach (var (name, (version, value)) in model)
        {
            Assert.True(record.TryFind(name, out var attribute), name);
            Assert.Equal(version, attribute.Version);
            Assert.Equal(value is not null, attribute.Exists);
            Assert.True(value is null || attribute.Payload.SequenceEqual(value));
        }

        Assert.False(record.TryFind("not there", out _));
    }
}
