using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.TestKit.Sessions;
using Xunit;

namespace ClusterSession.TestKit.Conformance;

/// <summary>
/// What an answer says besides its outcome, and how a store takes life and deadline.
/// </summary>
public abstract partial class SessionStoreConformance
{
    [Fact]
    public async Task Write_says_whether_it_has_changed_the_record_and_its_repetition_that_it_has_not()
    {
        var first = Versions.Next();
        var record = RecordSketch.At(first).With("a", "1", first).Build();
        Assert.True((await MergeAsync(A, record, first, MergeMode.Create)).HasChanged);
        Assert.False((await MergeAsync(A, record, first, MergeMode.Create)).HasChanged);

        var second = Versions.Next();
        Assert.True((await CommitAsync(A, first, second, Setting("a", "2"))).HasChanged);
        var again = await CommitAsync(A, first, second, Setting("a", "2"));
        Assert.Equal((WriteOutcome.Committed, false, true), (again.Outcome, again.HasChanged, again.MayHaveHappened));
        var late = await CommitAsync(A, second, first, Setting("a", "3"));
        Assert.False(late.HasChanged);

        var end = new SessionEnd(Versions.Next());
        var wrong = await A.DestroyAsync(Key, end with { MustBe = first }, Long, default);
        Assert.Equal((WriteOutcome.Superseded, false, false), (wrong.Outcome, wrong.HasChanged, wrong.MayHaveHappened));
        Assert.True((await A.DestroyAsync(Key, end, Long, default)).HasChanged);
        Assert.False((await A.DestroyAsync(Key, end, Long, default)).HasChanged);
        Assert.False((await CommitAsync(A, second, Versions.Next(), Setting("a", "4"))).HasChanged);
    }

    [Fact]
    public async Task Copy_without_life_left_brings_no_session_into_being_and_is_merged_into_one_that_is_there()
    {
        var version = Versions.Next();
        var copy = RecordSketch.At(version).With("b", "2", version).Build();
        var missing = await MergeAsync(A, copy, Versions.Next(), MergeMode.Restore, TimeSpan.Zero);
        Assert.Equal((WriteOutcome.Missing, false), (missing.Outcome, missing.HasChanged));
        Assert.Equal(StoreReadOutcome.Missing, await OutcomeAsync(B));

        await CreateAsync(Long);
        Assert.Equal(
            WriteOutcome.Committed,
            (await MergeAsync(A, copy, Versions.Next(), MergeMode.Restore, TimeSpan.Zero)).Outcome
        );
        Assert.Equal("2", Value(await ReadAsync(B), "b"));
        Assert.InRange((await B.ReadAsync(Key, SessionVersion.None, default)).RemainingLife!.Value, Long / 2, Long);
    }

    [Fact]
    public async Task Copy_that_is_restored_lives_for_what_is_left_and_makes_none_live_shorter()
    {
        var version = Versions.Next();
        var copy = RecordSketch.At(version).With("a", "1", version).Build();
        Assert.Equal(WriteOutcome.Committed, (await MergeAsync(A, copy, version, MergeMode.Restore, Long / 4)).Outcome);
        Assert.InRange((await B.ReadAsync(Key, version, default)).RemainingLife!.Value, Long / 8, Long / 4);

        var newer = Versions.Next();
        var other = RecordSketch.At(newer).With("b", "2", newer).Build();
        await MergeAsync(A, other, Versions.Next(), MergeMode.Restore, Long / 2);
        Assert.InRange((await B.ReadAsync(Key, SessionVersion.None, default)).RemainingLife!.Value, Long / 4, Long / 2);

        newer = Versions.Next();
        other = RecordSketch.At(newer).With("c", "3", newer).Build();
        await MergeAsync(A, other, Versions.Next(), MergeMode.Restore, Long / 8);
        Assert.InRange((await B.ReadAsync(Key, SessionVersion.None, default)).RemainingLife!.Value, Long / 4, Long / 2);
    }

    [Fact]
    public async Task Copy_that_changes_nothing_keeps_the_session_for_what_is_left_all_the_same()
    {
        var version = Versions.Next();
        var copy = RecordSketch.At(version).With("a", "1", version).Build();
        await CreateAsync(copy, Long / 4);
        var again = await MergeAsync(B, copy, Versions.Next(), MergeMode.Restore, Long);
        Assert.Equal((WriteOutcome.Unchanged, false), (again.Outcome, again.HasChanged));
        Assert.InRange((await A.ReadAsync(Key, version, default)).RemainingLife!.Value, Long / 2, Long);
    }

    [Fact]
    public async Task Operation_with_a_deadline_that_is_far_is_answered_as_one_without()
    {
        var version = await CreateAsync();
        var deadline = new StoreDeadline(TimeProvider.System, TimeSpan.FromMinutes(5));
        Assert.Equal(StoreReadOutcome.Unchanged, (await A.ReadAsync(Key, version, deadline)).Outcome);
        Assert.Equal(StoreTouch.Kept(version), await A.TouchAsync(Key, Long, Long / 2, deadline));
    }

    [Fact]
    public async Task Store_that_is_started_again_goes_on_with_the_new_observer()
    {
        await CreateAsync();
        var read = await B.ReadAsync(Key, SessionVersion.None, default);
        var told = new RecordingObserver();
        await B.StartAsync(told, default);
        if (!Announces)
        {
            Assert.Equal(StoreReadOutcome.Found, read.Outcome);
            Assert.NotSame(SessionLease.Always, read.Lease);
            return;
        }

        await A.TouchAsync(Key, 2 * Long, 2 * Long, default);
        await Condition.HoldsAsync(() => told.WasTold(Key), "the new observer hears of the change");
    }
}
