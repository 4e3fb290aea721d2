using System.Text;
using ClusterSession.Sessions;
using ClusterSession.TestKit.Sessions;
using Xunit;

namespace ClusterSession.Tests.Sessions;

public sealed class SessionRecordTests
{
    [Theory]
    [InlineData(5)]
    [InlineData(23)]
    [InlineData(24)]
    [InlineData(400)]
    public void Record_holds_what_a_dictionary_holds(int names) => Seeds.Check(
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
        runs: 20);

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
        var record = RecordSketch.At(version).With("e\u0301", "decomposed", version).With("\u00e9", "composed", version).With("E", "upper", version).With("e", "lower", version).Build();
        Assert.Equal(4, record.AttributeCount);
        Assert.True(record.TryFind("\u00e9", out var composed));
        Assert.Equal("composed", Encoding.UTF8.GetString(composed.Payload));
        Assert.False(record.TryFind("É", out _));
        Assert.False(record.TryFind("", out _));
    }

    [Fact]
    public void Tombstones_from_before_a_stamp_are_forgotten_and_values_are_not()
    {
        var (v1, v5) = (new SessionVersion(1, 1), new SessionVersion(5, 1));
        var record = RecordSketch.At(v5, v1).Without("old", v1).Without("young", v5).With("value", "1", v1).Build();
        var kept = new SessionDelta().ApplyTo(record, new SessionVersion(9, 1), forgetRemovedBefore: 5);
        Assert.False(kept.TryFind("old", out _));
        Assert.True(kept.TryFind("young", out _));
        Assert.True(kept.TryFind("value", out _));
    }

    [Fact]
    public void Copy_contains_the_commits_of_its_lineage_and_what_their_writers_committed_before()
    {
        var some = RecordSketch.At(new(10, 1), new(7, 1), new(5, 2)).Build();
        Assert.True(some.Contains(SessionVersion.None));
        Assert.All(new SessionVersion[] { new(10, 1), new(7, 1), new(5, 2) }, version => Assert.True(some.Contains(version)));
        Assert.All(new SessionVersion[] { new(11, 1), new(10, 2), new(10, 0), new(8, 1), new(6, 1), new(5, 1), new(1, 1) }, version => Assert.False(some.Contains(version)));
        // Writer 1 commits at 20, 22, ... 38; the newest eight are named, of the others the newest stands for all.
        var many = RecordSketch.At([.. Enumerable.Range(10, 10).Select(stamp => new SessionVersion(stamp * 2, 1)), new(3, 2)]).Build();
        Assert.Equal(SessionRecord.ExactLineage + 2, many.LineageLength);
        Assert.All(new SessionVersion[] { new(38, 1), new(24, 1), new(22, 1), new(20, 1), new(5, 1), new(3, 2), new(1, 2) }, version => Assert.True(many.Contains(version)));
        Assert.All(new SessionVersion[] { new(39, 1), new(37, 1), new(23, 1), new(22, 2), new(4, 2), new(1, 3) }, version => Assert.False(many.Contains(version)));
        var full = RecordSketch.At([.. Enumerable.Range(1, 30).Select(stamp => new SessionVersion(stamp * 10, stamp))]).Build();
        Assert.Equal(SessionRecord.MaxLineage, full.LineageLength);
        Assert.True(full.Contains(new(140, 77))); // Who wrote before all that is remembered is taken to be contained.
        Assert.False(full.Contains(new(160, 77)));
        var fresh = SessionRecord.New(DateTimeOffset.UnixEpoch);
        Assert.True(fresh.Contains(SessionVersion.None));
        Assert.False(fresh.Contains(new(1, 1)));
    }

    [Fact]
    public void Lineage_is_the_newest_eight_in_order_and_one_more_for_all_before()
    {
        var record = SessionRecord.New(DateTimeOffset.UnixEpoch);
        for (var stamp = 1; stamp <= 20; stamp++)
        {
            record = new SessionDelta().ApplyTo(record, new SessionVersion(stamp, 1));
        }

        Assert.Equal(Enumerable.Range(12, 9).Reverse().Select(stamp => new SessionVersion(stamp, 1)), Enumerable.Range(0, record.LineageLength).Select(record.Lineage));
        Assert.Equal(new SessionVersion(20, 1), record.Version);
        Assert.Throws<ArgumentOutOfRangeException>(() => record.Lineage(9));
    }

    private static string NameOf(int i) => i % 3 == 0 ? "name" + i : i % 3 == 1 ? "ñämé" + i : "会話\U0001F600" + i;

    private static void AssertSame(Dictionary<string, (SessionVersion Version, byte[]? Value)> model, SessionRecord record)
    {
        Assert.Equal(model.Count, record.AttributeCount);
        var walked = new List<string>();
        foreach (var attribute in record)
        {
            walked.Add(attribute.Name);
        }

        Assert.Equal(model.Keys.Order(Comparer<string>.Create((a, b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b)))), walked);
        foreach (var (name, (version, value)) in model)
        {
            Assert.True(record.TryFind(name, out var attribute), name);
            Assert.Equal(version, attribute.Version);
            Assert.Equal(value is not null, attribute.Exists);
            Assert.True(attribute.Payload.SequenceEqual(value ?? []));
        }

        Assert.False(record.TryFind("not there", out _));
    }
}
