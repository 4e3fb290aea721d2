using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.TestKit.Sessions;
using Xunit;

namespace ClusterSession.TestKit.Conformance;

public abstract partial class SessionStoreConformance
{
    [Fact]
    public async Task New_session_is_stored_under_its_own_version_and_both_nodes_read_it()
    {
        var version = Versions.Next();
        var record = RecordSketch
            .At(version)
            .Created(DateTimeOffset.FromUnixTimeMilliseconds(1_234_567_890_123))
            .With("a", "1", version)
            .Build();
        await CreateAsync(record);
        await AssertStoredAsync(record);
    }

    [Fact]
    public async Task New_session_whose_key_is_taken_is_a_collision_and_changes_nothing()
    {
        var first = await CreateAsync();
        var other = Versions.Next();
        var answer = await MergeAsync(
            B,
            RecordSketch.At(other).With("a", "stolen", other).Build(),
            other,
            MergeMode.Create
        );
        Assert.Equal(WriteOutcome.Collision, answer.Outcome);
        await AssertStoredAsync(RecordSketch.At(first).With("a", "1", first).Build());
    }

    [Fact]
    public async Task Repeated_creation_changes_nothing_and_is_no_collision()
    {
        var version = Versions.Next();
        var record = RecordSketch.At(version).With("a", "1", version).Build();
        await CreateAsync(record);
        var again = await MergeAsync(B, record, version, MergeMode.Create);
        Assert.True(again.Outcome is WriteOutcome.Committed or WriteOutcome.Unchanged, again.Outcome.ToString());
        await AssertStoredAsync(record);
        await CommittedAsync(B, version, Setting("a", "2"));
        Assert.Equal(WriteOutcome.Unchanged, (await MergeAsync(A, record, version, MergeMode.Create)).Outcome);
        Assert.Equal("2", Value(await ReadAsync(A), "a"));
    }

    [Fact]
    public async Task New_session_where_one_was_destroyed_is_refused()
    {
        await A.DestroyAsync(Key, new SessionEnd(Versions.Next()), Long, default);
        var version = Versions.Next();
        var answer = await MergeAsync(
            B,
            RecordSketch.At(version).With("a", "1", version).Build(),
            version,
            MergeMode.Create
        );
        Assert.Equal(WriteOutcome.Destroyed, answer.Outcome);
        Assert.Equal(StoreReadOutcome.Destroyed, await OutcomeAsync(A));
    }

    [Fact]
    public async Task Restored_copy_of_a_lost_session_is_stored_as_it_is()
    {
        var (first, second) = (Versions.Next(), Versions.Next());
        var copy = RecordSketch.At(second, first).With("a", "1", first).Without("b", second).Build();
        var answer = await MergeAsync(A, copy, Versions.Next());
        Assert.Equal((WriteOutcome.Committed, SessionVersion.None), (answer.Outcome, answer.Previous));
        await AssertStoredAsync(copy);
    }

    [Fact]
    public async Task Amendment_of_a_lost_session_is_missing_and_stores_nothing()
    {
        var version = Versions.Next();
        var answer = await MergeAsync(
            A,
            RecordSketch.At(version).With("a", "1", version).Build(),
            Versions.Next(),
            MergeMode.Amend
        );
        Assert.Equal(WriteOutcome.Missing, answer.Outcome);
        Assert.Equal(StoreReadOutcome.Missing, await OutcomeAsync(A));
    }

    [Theory]
    [InlineData(MergeMode.Restore)]
    [InlineData(MergeMode.Amend)]
    public async Task Merged_copy_gives_what_was_lost_under_a_new_version(MergeMode mode)
    {
        var first = await CreateAsync();
        var lost = Versions.Next();
        var present = await CommittedAsync(B, first, Setting("b", "2"));
        var merge = Versions.Next();
        var answer = await MergeAsync(A, RecordSketch.At(lost, first).With("c", "lost", lost).Build(), merge, mode);
        Assert.Equal((WriteOutcome.Committed, present), (answer.Outcome, answer.Previous));
        await AssertStoredAsync(
            RecordSketch
                .At(merge, present, lost, first)
                .With("a", "1", first)
                .With("b", "2", present)
                .With("c", "lost", lost)
                .Build()
        );
    }

    [Fact]
    public async Task Merged_copy_wins_where_it_is_newer_and_only_there()
    {
        var first = await CreateAsync(RecordSketchOf("x", "y"));
        var (older, stored, newer) = (Versions.Next(), Versions.Next(), Versions.Next());
        var delta = Setting("x", "stored");
        delta.Set("y", Bytes("stored"));
        Assert.Equal(WriteOutcome.Committed, (await CommitAsync(A, first, stored, delta)).Outcome);
        var copy = RecordSketch.At(newer, older, first).With("x", "newer", newer).With("y", "older", older).Build();
        var merge = Versions.Next();
        Assert.Equal(WriteOutcome.Committed, (await MergeAsync(B, copy, merge)).Outcome);
        await AssertStoredAsync(
            RecordSketch
                .At(merge, newer, stored, older, first)
                .With("x", "newer", newer)
                .With("y", "stored", stored)
                .Build()
        );
    }

    [Fact]
    public async Task Merged_copy_that_brings_nothing_leaves_the_version()
    {
        var first = await CreateAsync();
        var copy = await ReadAsync(A);
        var second = await CommittedAsync(B, first, Setting("a", "2"));
        var answer = await MergeAsync(A, copy, Versions.Next());
        Assert.Equal((WriteOutcome.Unchanged, second), (answer.Outcome, answer.Previous));
        await AssertStoredAsync(RecordSketch.At(second, first).With("a", "2", second).Build());
    }

    [Fact]
    public async Task Repeated_merge_leaves_the_version()
    {
        var first = await CreateAsync();
        var (lost, merge) = (Versions.Next(), Versions.Next());
        var copy = RecordSketch.At(lost, first).With("b", "lost", lost).Build();
        Assert.Equal(WriteOutcome.Committed, (await MergeAsync(A, copy, merge)).Outcome);
        Assert.Equal(WriteOutcome.Unchanged, (await MergeAsync(B, copy, Versions.Next())).Outcome);
        Assert.Equal(WriteOutcome.Unchanged, (await MergeAsync(A, copy, merge)).Outcome);
        Assert.Equal(merge, (await ReadAsync(A)).Version);
    }

    /// <summary>
    /// Else every client that saw the lost commit would be told that it went backwards, although
    /// nothing of it is missing.
    /// </summary>
    [Fact]
    public async Task Merged_copy_brings_the_names_of_its_commits_even_where_later_ones_have_overwritten_them()
    {
        var first = await CreateAsync();
        var lost = Versions.Next();
        var present = await CommittedAsync(B, first, Setting("a", "present"));
        var merge = Versions.Next();
        Assert.Equal(
            WriteOutcome.Committed,
            (await MergeAsync(A, RecordSketch.At(lost, first).With("a", "lost", lost).Build(), merge)).Outcome
        );
        await AssertStoredAsync(RecordSketch.At(merge, present, lost, first).With("a", "present", present).Build());
    }

    [Fact]
    public async Task Merge_whose_version_is_not_newer_is_superseded_and_changes_nothing()
    {
        var merge = Versions.Next();
        var first = await CreateAsync();
        var newer = Versions.Next();
        var answer = await MergeAsync(A, RecordSketch.At(newer, first).With("a", "2", newer).Build(), merge);
        Assert.Equal((WriteOutcome.Superseded, first), (answer.Outcome, answer.Previous));
        await AssertStoredAsync(RecordSketch.At(first).With("a", "1", first).Build());
    }

    [Fact]
    public async Task Merge_never_undoes_a_removal()
    {
        var first = await CreateAsync();
        var copy = await ReadAsync(A);
        var removal = await CommittedAsync(B, first, Removing("a"));
        Assert.Equal(WriteOutcome.Unchanged, (await MergeAsync(A, copy, Versions.Next())).Outcome);
        await AssertStoredAsync(RecordSketch.At(removal, first).Without("a", removal).Build());
    }

    [Fact]
    public async Task Merge_brings_a_removal_that_the_store_lost()
    {
        var first = await CreateAsync();
        var (removal, merge) = (Versions.Next(), Versions.Next());
        await MergeAsync(A, RecordSketch.At(removal, first).Without("a", removal).Build(), merge);
        await AssertStoredAsync(RecordSketch.At(merge, removal, first).Without("a", removal).Build());
    }

    [Theory]
    [InlineData(MergeMode.Create)]
    [InlineData(MergeMode.Restore)]
    [InlineData(MergeMode.Amend)]
    public async Task Merge_never_revives_a_destroyed_session(MergeMode mode)
    {
        await CreateAsync();
        var copy = await ReadAsync(A);
        await B.DestroyAsync(Key, new SessionEnd(Versions.Next()), Long, default);
        Assert.Equal(WriteOutcome.Destroyed, (await MergeAsync(A, copy, Versions.Next(), mode)).Outcome);
        Assert.Equal(StoreReadOutcome.Destroyed, await OutcomeAsync(B));
    }

    [Fact]
    public async Task Unknown_flags_of_records_and_attributes_are_carried_through()
    {
        var first = Versions.Next();
        await CreateAsync(
            RecordSketch
                .At(first)
                .Flags(0x40)
                .With("a", "1", first, flags: 0x82)
                .Without("b", first, flags: 0x10)
                .Build()
        );
        var second = await CommittedAsync(B, first, Setting("c", "3"));
        var merge = Versions.Next();
        await MergeAsync(A, RecordSketch.At(first).Flags(0x20).With("d", "4", first, flags: 0x08).Build(), merge);
        await AssertStoredAsync(
            RecordSketch
                .At(merge, second, first)
                .Flags(0x60)
                .With("a", "1", first, flags: 0x82)
                .Without("b", first, flags: 0x10)
                .With("c", "3", second)
                .With("d", "4", first, flags: 0x08)
                .Build()
        );
    }

    [Fact]
    public async Task Earlier_beginning_wins_when_copies_merge()
    {
        var first = await CreateAsync();
        var created = DateTimeOffset.FromUnixTimeMilliseconds(1_000_000_000_001);
        await MergeAsync(A, RecordSketch.At(first).Created(created).With("a", "1", first).Build(), Versions.Next());
        Assert.Equal(created, (await ReadAsync(B)).Created);
    }

    private async Task<SessionVersion> CreateAsync(Func<SessionVersion, SessionRecord> record)
    {
        var version = Versions.Next();
        await CreateAsync(record(version));
        return version;
    }

    private static Func<SessionVersion, SessionRecord> RecordSketchOf(params string[] names) =>
        version =>
            names.Aggregate(RecordSketch.At(version), (sketch, name) => sketch.With(name, "first", version)).Build();
}
