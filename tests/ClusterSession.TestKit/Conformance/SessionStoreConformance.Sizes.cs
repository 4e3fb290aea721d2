using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.TestKit.Sessions;
using Xunit;

namespace ClusterSession.TestKit.Conformance;

public abstract partial class SessionStoreConformance
{
    [Fact]
    public async Task Removal_that_is_forgotten_at_once_leaves_no_tombstone_and_is_not_undone()
    {
        var first = await CreateAsync();
        var opened = await ReadAsync(A);
        var second = Versions.Next();
        var change = new SessionChange(first, second, Removing("a"), ["a"], Long, Long, Opened: opened);
        Assert.Equal(WriteOutcome.Committed, (await A.CommitAsync(Key, change, default)).Outcome);
        await AssertStoredAsync(RecordSketch.At(second, first).Dropped().Build());
        Assert.Equal(WriteOutcome.Unchanged, (await MergeAsync(B, opened, Versions.Next())).Outcome);
        await AssertStoredAsync(RecordSketch.At(second, first).Dropped().Build());
    }

    [Fact]
    public async Task Removal_that_is_forgotten_at_once_removes_what_others_have_set_meanwhile()
    {
        var first = await CreateAsync();
        var opened = await ReadAsync(A);
        var second = await CommittedAsync(B, first, Setting("a", "meanwhile"));
        var behind = await ReadAsync(B);
        var third = Versions.Next();
        var change = new SessionChange(first, third, Removing("a"), ["a"], Long, Long, Opened: opened);
        var answer = await A.CommitAsync(Key, change, default);
        Assert.Equal((WriteOutcome.Committed, second), (answer.Outcome, answer.Previous));
        Assert.Equal(WriteOutcome.Unchanged, (await MergeAsync(B, behind, Versions.Next())).Outcome);
        await AssertStoredAsync(RecordSketch.At(third, second, first).Dropped().Build());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Removal_keeps_its_tombstone_where_the_record_lacks_what_it_was_made_on(bool isBaseMissing)
    {
        var first = await CreateAsync();
        var lost = Versions.Next();
        var opened = RecordSketch.At(lost, first).With("a", "lost", lost).Build();
        var second = Versions.Next();
        var change = new SessionChange(
            isBaseMissing ? lost : first,
            second,
            Removing("a"),
            ["a"],
            Long,
            Long,
            Opened: opened
        );
        Assert.Equal(WriteOutcome.Committed, (await A.CommitAsync(Key, change, default)).Outcome);
        var stored = await ReadAsync(B);
        Assert.True(stored.TryFind("a", out var tombstone));
        Assert.Equal((false, second, false), (tombstone.Exists, tombstone.Version, stored.HasDroppedTombstones));
        Assert.True(SessionVersion.TryRead(tombstone.Payload, out var removed));
        Assert.Equal(lost, removed);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Tombstone_that_one_of_two_copies_has_dropped_is_dropped_by_their_merge(bool isStored)
    {
        var first = await CreateAsync();
        var opened = await ReadAsync(A);
        var second = Versions.Next();
        await A.CommitAsync(
            Key,
            new SessionChange(first, second, Removing("a"), NothingForgotten, Long, Long, Opened: opened),
            default
        );
        var kept = await ReadAsync(A);
        var dropped = RecordSketch.At(second, first).Dropped().Build();
        var key = SessionKeys.New();
        var merge = Versions.Next();
        await CreateAsync(isStored ? dropped : kept, key: key);
        await MergeAsync(B, isStored ? kept : dropped, merge, key: key);
        var merged = await ReadAsync(A, key);
        Assert.Equal((0, true), (merged.AttributeCount, merged.HasDroppedTombstones));
    }

    /// <summary>
    /// A later tombstone took the place of the one that removed the value, and the copy, which has
    /// the value of a store that never heard of its removal, has dropped the later one.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Tombstone_that_goes_with_a_merge_brings_back_no_value_that_another_one_removed(bool isStored)
    {
        var (oldest, value, removal, last) = (Versions.Next(), Versions.Next(), Versions.Next(), Versions.Next());
        var removed = new byte[SessionVersion.EncodedLength];
        oldest.WriteTo(removed);
        var kept = RecordSketch
            .At(last, removal, value, oldest)
            .With("a", removed, last, SessionAttribute.RemovedFlag)
            .Build();
        var dropped = RecordSketch.At(last, value, oldest).Dropped().With("a", "v", value).Build();
        var key = SessionKeys.New();
        var merge = Versions.Next();
        await CreateAsync(isStored ? dropped : kept, key: key);
        await MergeAsync(B, isStored ? kept : dropped, merge, key: key);
        var merged = await ReadAsync(A, key);
        Assert.False(merged.TryFind("a", out var found) && found.Exists);
        Assert.True(merged.Contains(value));
    }

    [Fact]
    public async Task Small_commits_at_once_exceed_the_limit_by_less_than_64_KiB_and_removals_are_always_taken()
    {
        const int Most = 200_000;
        var first = await CreateAsync();
        StoreWrite answer;
        var count = 0;
        for (; (answer = await SetAsync("n" + count)).Outcome == WriteOutcome.Committed; count++)
        {
            Assert.InRange(count, 0, (Most + (64 * 1024)) / 2_000);
        }

        Assert.Equal((WriteOutcome.Unavailable, StoreFailure.TooLarge), (answer.Outcome, answer.Failure));
        Assert.InRange(count, (Most / 2_020) - 1, (Most + (64 * 1024)) / 2_000);
        var stored = await ReadAsync(B);
        Assert.Equal(count + 1, stored.AttributeCount);
        for (var i = 0; i < count; i++)
        {
            var removal = new SessionChange(
                first,
                Versions.Next(),
                Removing("n" + i),
                NothingForgotten,
                Long,
                Long,
                MaxBytes: Most
            );
            Assert.Equal(WriteOutcome.Committed, (await A.CommitAsync(Key, removal, default)).Outcome);
        }

        Assert.Equal(WriteOutcome.Committed, (await SetAsync("again")).Outcome);

        ValueTask<StoreWrite> SetAsync(string name)
        {
            var delta = new SessionDelta();
            delta.Set(name, new byte[2_000]);
            return A.CommitAsync(
                Key,
                new SessionChange(first, Versions.Next(), delta, NothingForgotten, Long, Long, MaxBytes: Most),
                default
            );
        }
    }
}
