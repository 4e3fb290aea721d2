using ClusterSession.Records;
using ClusterSession.TestKit.Sessions;
using Xunit;

namespace ClusterSession.Tests.Records;

public sealed class SessionMergeTests
{
    [Fact]
    public void Merging_is_commutative_associative_and_idempotent()
    {
        var compared = 0;
        Seeds.Check(random => compared += IsAssociative(random) ? 1 : 0);
        Assert.True(compared > 100, $"only {compared} merges kept all commits");
    }

    [Fact]
    public void Removal_is_never_undone_by_an_older_copy() =>
        Seeds.Check(random =>
        {
            var copies = Histories.Copies(random, mayEnd: false);
            var old = Any(random, copies);
            var name = Histories.Names[random.Next(Histories.Names.Length)];
            var delta = new SessionDelta();
            delta.Remove(name);
            var newest = copies.Max(copy => copy.Version.Stamp);
            var removed = delta.ApplyTo(Any(random, copies), new SessionVersion(newest + 1, 1));
            foreach (var copy in copies)
            {
                removed = random.Next(2) == 0 ? SessionRecord.Merge(removed, copy) : SessionRecord.Merge(copy, removed);
            }

            Assert.True(SessionRecord.Merge(old, removed).TryFind(name, out var attribute));
            Assert.False(attribute.Exists);
        });

    [Fact]
    public void Every_merged_value_is_one_that_somebody_wrote_whole() =>
        Seeds.Check(random =>
        {
            var copies = Histories.Copies(random, mayEnd: false);
            var (a, b) = (Any(random, copies), Any(random, copies));
            foreach (var attribute in SessionRecord.Merge(a, b))
            {
                var fromA = a.TryFind(attribute.Name, out var mine);
                var fromB = b.TryFind(attribute.Name, out var theirs);
                var expected = !fromB || (fromA && mine.Version > theirs.Version) ? mine : theirs;
                Assert.Equal(expected.Version, attribute.Version);
                Assert.Equal(expected.Flags, attribute.Flags);
                Assert.True(expected.Payload.SequenceEqual(attribute.Payload));
            }
        });

    [Fact]
    public void Destroyed_copy_wins_over_everything() =>
        Seeds.Check(random =>
        {
            var copies = Histories.Copies(random);
            var end = RecordSketch.At(new SessionVersion(1, 1)).Flags(SessionRecord.DestroyedFlag).Build();
            foreach (var copy in copies)
            {
                var merged = SessionRecord.Merge(copy, end);
                Assert.True(merged.IsDestroyed);
                Assert.Equal(0, merged.AttributeCount);
            }
        });

    [Fact]
    public void Unknown_flags_are_carried_through_merges_and_commits()
    {
        var (v1, v2, v3) = (new SessionVersion(1, 1), new SessionVersion(2, 1), new SessionVersion(3, 1));
        var left = RecordSketch.At(v1).Flags(0x40).With("a", "1", v1, flags: 0x80).Build();
        var right = RecordSketch.At(v2).Flags(0x08).Without("b", v2, flags: 0x10).Build();
        var delta = new SessionDelta();
        delta.Set("c", [1]);
        var merged = delta.ApplyTo(SessionRecord.Merge(left, right), v3);
        Assert.Equal(0x48, merged.Flags);
        Assert.True(merged.TryFind("a", out var a));
        Assert.Equal(0x80, a.Flags);
        Assert.True(a.Exists);
        Assert.True(merged.TryFind("b", out var b));
        Assert.Equal(0x11, b.Flags);
        Assert.False(b.Exists);
    }

    [Fact]
    public void Concurrent_changes_of_different_attributes_both_survive_in_any_order()
    {
        var start = SessionRecord.New(DateTimeOffset.UnixEpoch);
        var (left, right) = (new SessionDelta(), new SessionDelta());
        left.Set("l", [1]);
        right.Set("r", [2]);
        var merged = SessionRecord.Merge(
            left.ApplyTo(start, new SessionVersion(5, 1)),
            right.ApplyTo(start, new SessionVersion(4, 2))
        );
        Assert.True(merged.TryFind("l", out _) && merged.TryFind("r", out _));
        Assert.True(merged.Contains(new SessionVersion(5, 1)) && merged.Contains(new SessionVersion(4, 2)));
    }

    private static bool IsAssociative(Random random)
    {
        var isCompared = false;
        var copies = Histories.Copies(random);
        var (a, b, c) = (Any(random, copies), Any(random, copies), Any(random, copies));
        Assert.Equal(Text(SessionRecord.Merge(a, b)), Text(SessionRecord.Merge(b, a)));
        var (ab, bc) = (SessionRecord.Merge(a, b), SessionRecord.Merge(b, c));
        var (left, right) = (SessionRecord.Merge(ab, c), SessionRecord.Merge(a, bc));
        Assert.True(left.HasSameContent(right));
        Assert.Equal(left.Version, right.Version);
        if (HasAll(ab, a, b) && HasAll(bc, b, c) && HasAll(left, ab, c) && HasAll(right, a, bc))
        {
            // Else one way has forgotten an interval that the other one could fuse.
            Assert.Equal(Text(left), Text(right));
            isCompared = true;
        }

        var merged = SessionRecord.Merge(a, b);
        Assert.Equal(Text(merged), Text(SessionRecord.Merge(merged, merged)));
        Assert.Equal(Text(merged), Text(SessionRecord.Merge(merged, a)));
        Assert.Equal(Text(a), Text(SessionRecord.Merge(a, Twin(a))));
        return isCompared;
    }

    private static SessionRecord Any(Random random, List<SessionRecord> copies) => copies[random.Next(copies.Count)];

    private static bool HasAll(SessionRecord merged, params SessionRecord[] copies) =>
        copies.All(copy => copy.IsDestroyed || merged.ContainsAllOf(copy));

    private static string Text(SessionRecord record) => RecordText.Of(record);

    /// <summary>The same copy as another object, as it comes from a store.</summary>
    private static SessionRecord Twin(SessionRecord record)
    {
        using var builder = SessionRecordBuilder.Rent();
        builder.SetHeader(record.Flags, record.Created);
        builder.AddCommits(record);
        foreach (var attribute in record)
        {
            builder.Add(attribute.NameUtf8, attribute.Version, attribute.Flags, attribute.Payload);
        }

        return builder.Build();
    }
}
