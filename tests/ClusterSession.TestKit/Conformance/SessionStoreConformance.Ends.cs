using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.TestKit.Sessions;
using Xunit;

namespace ClusterSession.TestKit.Conformance;

public abstract partial class SessionStoreConformance
{
    /// <summary>Short enough to wait for, long enough to do something before it ends.</summary>
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(400);

    [Fact]
    public async Task Destroyed_session_is_gone_on_every_node_and_its_version_is_known()
    {
        var first = await CreateAsync();
        var answer = await A.DestroyAsync(Key, new SessionEnd(Versions.Next()), Long, default);
        Assert.Equal((WriteOutcome.Committed, first), (answer.Outcome, answer.Previous));
        var read = await B.ReadAsync(Key, first, default);
        Assert.Equal((StoreReadOutcome.Destroyed, null), (read.Outcome, read.Record));
        Assert.Equal(StoreReadOutcome.Destroyed, await OutcomeAsync(A));
    }

    [Fact]
    public async Task Repeated_end_answers_as_the_first()
    {
        await CreateAsync();
        var end = Versions.Next();
        await A.DestroyAsync(Key, new SessionEnd(end), Long, default);
        Assert.Equal(WriteOutcome.Committed, (await B.DestroyAsync(Key, new SessionEnd(end), Long, default)).Outcome);
    }

    [Fact]
    public async Task Second_end_by_another_version_learns_that_it_was_not_the_first()
    {
        await CreateAsync();
        await A.DestroyAsync(Key, new SessionEnd(Versions.Next()), Long, default);
        Assert.Equal(
            WriteOutcome.Destroyed,
            (await B.DestroyAsync(Key, new SessionEnd(Versions.Next()), Long, default)).Outcome
        );
    }

    [Fact]
    public async Task Of_many_ends_at_once_exactly_one_is_the_first()
    {
        await CreateAsync();
        var ends = await Task.WhenAll(
            Enumerable
                .Range(0, 20)
                .Select(i =>
                    Task.Run(async () =>
                        (
                            await (i % 2 == 0 ? A : B).DestroyAsync(Key, new SessionEnd(Versions.Next()), Long, default)
                        ).Outcome
                    )
                )
        );
        Assert.Equal(1, ends.Count(outcome => outcome == WriteOutcome.Committed));
        Assert.Equal(19, ends.Count(outcome => outcome == WriteOutcome.Destroyed));
    }

    [Fact]
    public async Task End_leaves_a_tombstone_also_where_nothing_was()
    {
        var answer = await A.DestroyAsync(Key, new SessionEnd(Versions.Next()), Long, default);
        Assert.Equal((WriteOutcome.Committed, SessionVersion.None), (answer.Outcome, answer.Previous));
        Assert.Equal(StoreReadOutcome.Destroyed, await OutcomeAsync(B));
    }

    [Fact]
    public async Task End_with_a_successor_tells_everyone_who_comes_later()
    {
        var first = await CreateAsync();
        var successor = new SessionSuccessor(SessionKeys.New(), new string('s', SessionSuccessor.SealLength));
        var end = Versions.Next();
        Assert.Equal(
            WriteOutcome.Committed,
            (await A.DestroyAsync(Key, new SessionEnd(end, successor, first), Long, default)).Outcome
        );
        var copy = new SessionMerge(RecordSketch.At(first).Build(), Versions.Next(), MergeMode.Restore, Long);
        foreach (
            var answer in new[]
            {
                await CommitAsync(B, first, Versions.Next(), Setting("a", "late")),
                await B.MergeAsync(Key, copy, default),
                await B.DestroyAsync(Key, new SessionEnd(Versions.Next()), Long, default),
            }
        )
        {
            Assert.Equal((WriteOutcome.Destroyed, end, successor), (answer.Outcome, answer.Previous, answer.Successor));
        }

        var read = await B.ReadAsync(Key, SessionVersion.None, default);
        Assert.Equal((StoreReadOutcome.Destroyed, successor), (read.Outcome, read.Successor));
        Assert.InRange(read.RemainingLife!.Value, TimeSpan.FromTicks(1), Long);
    }

    [Fact]
    public async Task End_that_expects_another_version_changes_nothing()
    {
        var first = await CreateAsync();
        var second = await CommittedAsync(B, first, Setting("b", "2"));
        var answer = await A.DestroyAsync(
            Key,
            new SessionEnd(Versions.Next(), new SessionSuccessor(SessionKeys.New()), first),
            Long,
            default
        );
        Assert.Equal((WriteOutcome.Superseded, second), (answer.Outcome, answer.Previous));
        Assert.Equal(StoreReadOutcome.Found, await OutcomeAsync(B));
        Assert.Equal(
            WriteOutcome.Committed,
            (
                await A.DestroyAsync(
                    Key,
                    new SessionEnd(Versions.Next(), new SessionSuccessor(SessionKeys.New()), second),
                    Long,
                    default
                )
            ).Outcome
        );
    }

    [Fact]
    public async Task Touch_says_whether_the_session_is_there()
    {
        Assert.Equal(StoreTouch.Missing, await A.TouchAsync(Key, Long, Long, default));
        Assert.Equal(StoreReadOutcome.Missing, await OutcomeAsync(A));
        var version = await CreateAsync();
        Assert.Equal(StoreTouch.Touched(version), await B.TouchAsync(Key, Long, leastLife: 2 * Long, default));
        Assert.Equal(StoreTouch.Kept(version), await B.TouchAsync(Key, Long, leastLife: Long / 2, default));
        await A.DestroyAsync(Key, new SessionEnd(Versions.Next()), Long, default);
        Assert.Equal(StoreTouch.Destroyed, await B.TouchAsync(Key, Long, Long, default));
    }

    [Fact]
    public async Task Touch_leaves_the_session_as_it_is()
    {
        var first = await CreateAsync();
        await B.TouchAsync(Key, Long, Long, default);
        await AssertStoredAsync(RecordSketch.At(first).With("a", "1", first).Build());
    }

    [Fact]
    public async Task Session_ends_with_its_life_however_often_it_is_read()
    {
        await CreateAsync(Short);
        await Condition.HoldsAsync(
            async () => await OutcomeAsync(B) == StoreReadOutcome.Missing,
            "the session is gone"
        );
        Assert.Equal(StoreTouch.Missing, await A.TouchAsync(Key, Long, Long, default));
        Assert.Equal(
            WriteOutcome.Missing,
            (await CommitAsync(A, SessionVersion.None, Versions.Next(), Setting("a", "2"))).Outcome
        );
    }

    [Fact]
    public async Task Touch_prolongs_the_life()
    {
        var version = await CreateAsync(Short);
        Assert.Equal(StoreTouch.Touched(version), await B.TouchAsync(Key, Long, Long, default));
        await PassAsync(Short);
        Assert.Equal(StoreReadOutcome.Found, await OutcomeAsync(A));
    }

    [Fact]
    public async Task Touch_sets_the_life_and_does_not_add_to_it()
    {
        await CreateAsync(Long);
        await B.TouchAsync(Key, Short, leastLife: 2 * Long, default);
        await Condition.HoldsAsync(
            async () => await OutcomeAsync(A) == StoreReadOutcome.Missing,
            "the session is gone"
        );
    }

    [Fact]
    public async Task Commit_prolongs_the_life()
    {
        var first = await CreateAsync(Short);
        await CommittedAsync(B, first, Setting("a", "2"));
        await PassAsync(Short);
        Assert.Equal(StoreReadOutcome.Found, await OutcomeAsync(A));
    }

    [Fact]
    public async Task Merge_prolongs_the_life()
    {
        var first = await CreateAsync(Short);
        var newer = Versions.Next();
        await MergeAsync(B, RecordSketch.At(newer, first).With("b", "2", newer).Build(), Versions.Next());
        await PassAsync(Short);
        Assert.Equal(StoreReadOutcome.Found, await OutcomeAsync(A));
    }

    [Fact]
    public async Task Refused_commit_does_not_prolong_the_life()
    {
        var old = Versions.Next();
        var first = await CreateAsync(Short);
        Assert.Equal(WriteOutcome.Superseded, (await CommitAsync(A, first, old, Setting("a", "2"))).Outcome);
        await Condition.HoldsAsync(
            async () => await OutcomeAsync(A) == StoreReadOutcome.Missing,
            "the session is gone"
        );
    }

    [Fact]
    public async Task Tombstone_lives_for_the_life_that_it_was_given()
    {
        await CreateAsync(Short);
        await A.DestroyAsync(Key, new SessionEnd(Versions.Next()), Long, default);
        var other = SessionKeys.New();
        await A.DestroyAsync(other, new SessionEnd(Versions.Next()), Short, default);
        await Condition.HoldsAsync(
            async () => await OutcomeAsync(B, other) == StoreReadOutcome.Missing,
            "the short tombstone is gone"
        );
        Assert.Equal(StoreReadOutcome.Destroyed, await OutcomeAsync(B));
    }

    [Fact]
    public async Task Touch_does_not_prolong_a_tombstone()
    {
        await A.DestroyAsync(Key, new SessionEnd(Versions.Next()), Short, default);
        await A.TouchAsync(Key, Long, Long, default);
        await Condition.HoldsAsync(
            async () => await OutcomeAsync(B) == StoreReadOutcome.Missing,
            "the tombstone is gone"
        );
    }

    [Fact]
    public async Task Read_says_how_long_the_session_lives_on_and_does_not_prolong_it()
    {
        var first = await CreateAsync();
        var left = await RemainingAsync(A, SessionVersion.None);
        Assert.InRange(left, Long / 2, Long);
        Assert.InRange(await RemainingAsync(B, SessionVersion.None), Long / 2, Long);
        var short1 = SessionKeys.New();
        await CreateAsync(Short, short1);
        await Condition.HoldsAsync(
            async () => await OutcomeAsync(A, short1) == StoreReadOutcome.Missing,
            "time passes"
        );
        Assert.InRange(await RemainingAsync(B, first), Long / 2, left - (Short / 2));
        Assert.InRange(await RemainingAsync(A, Versions.Next()), Long / 2, left - (Short / 2));
    }

    [Theory]
    [InlineData("touch")]
    [InlineData("commit")]
    [InlineData("merge")]
    public async Task Life_that_is_read_is_the_one_that_was_named_last_unless_more_is_left(string change)
    {
        var version = await CreateAsync(Long / 4);
        await ProlongAsync(Long);
        Assert.InRange(await RemainingAsync(A, SessionVersion.None), Long / 2, Long);
        await ProlongAsync(Short);
        Assert.InRange(await RemainingAsync(A, SessionVersion.None), Long / 2, Long);

        async Task ProlongAsync(TimeSpan life)
        {
            switch (change)
            {
                case "touch":
                    Assert.Equal(
                        life == Long ? StoreTouch.Touched(version) : StoreTouch.Kept(version),
                        await B.TouchAsync(Key, life, life, default)
                    );
                    break;
                case "commit":
                    Assert.Equal(
                        WriteOutcome.Committed,
                        (
                            await CommitAsync(B, version, version = Versions.Next(), Setting("a", $"{life}"), life)
                        ).Outcome
                    );
                    break;
                default:
                    var newer = Versions.Next();
                    var copy = RecordSketch.At(newer, version).With("b", $"{life}", newer).Build();
                    Assert.Equal(
                        WriteOutcome.Committed,
                        (await MergeAsync(B, copy, version = Versions.Next(), life: life)).Outcome
                    );
                    break;
            }
        }
    }

    /// <summary>
    /// Waits until a session of this life, made now, is gone: whatever was to end before it is gone
    /// by then too.
    /// </summary>
    private async Task PassAsync(TimeSpan life)
    {
        var other = SessionKeys.New();
        await CreateAsync(life, other);
        await Condition.HoldsAsync(
            async () => await OutcomeAsync(A, other) == StoreReadOutcome.Missing,
            "the other session is gone"
        );
    }

    private async Task<TimeSpan> RemainingAsync(IClusterSessionStore store, SessionVersion known) =>
        Assert.NotNull((await store.ReadAsync(Key, known, default)).RemainingLife);
}
