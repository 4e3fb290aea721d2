using ClusterSession.Local;
using ClusterSession.Opening;
using ClusterSession.Stores;
using Xunit;

namespace ClusterSession.Tests.Opening;

/// <summary>
/// The two tables by which a request decides what its session is, row by row, to be held against
/// docs/guarantees.md: what was never stored, has expired, was ended, is lost, or is not known yet.
/// </summary>
public sealed class OpenTableTests
{
    private const StoreReadOutcome Found = StoreReadOutcome.Found,
        Unchanged = StoreReadOutcome.Unchanged,
        Missing = StoreReadOutcome.Missing;
    private const StoreReadOutcome Destroyed = StoreReadOutcome.Destroyed,
        Unreachable = StoreReadOutcome.Unavailable;
    private const CopyState Current = CopyState.Current,
        Stale = CopyState.Stale,
        Incomplete = CopyState.Incomplete,
        Diverged = CopyState.Diverged;

    [Fact]
    public void End_that_the_store_knows_wins_over_every_copy() =>
        Assert.All(States(), state =>
            Assert.Equal(
                ReadStep.Ended,
                OpenTable.StepAfterRead(
                    new ReadFacts(Destroyed, state, IsCopyUsable: true, IsKnownToBeEnded: true, IsIdle: true)
                )
            )
        );

    [Fact]
    public void End_by_this_node_wins_over_every_answer_and_over_none() =>
        Assert.All([Found, Unchanged, Missing, Unreachable], read =>
            Assert.Equal(
                ReadStep.KnownEnd,
                OpenTable.StepAfterRead(new ReadFacts(read, Current, IsCopyUsable: true, IsKnownToBeEnded: true))
            )
        );

    [Theory]
    [InlineData(Found, false, false, ReadStep.TakeIn)]
    [InlineData(Found, false, true, ReadStep.UseStored)] // What this node has was made on what is not back yet.
    [InlineData(Found, true, false, ReadStep.EndIdle)]
    [InlineData(Found, true, true, ReadStep.EndIdle)]
    [InlineData(Unreachable, false, false, ReadStep.GoOnWithoutStore)]
    [InlineData(Unreachable, true, false, ReadStep.EndIdle)]
    [InlineData(Unchanged, true, false, ReadStep.ReadAgain)]
    [InlineData(Missing, false, false, ReadStep.Nothing)]
    [InlineData(Missing, true, false, ReadStep.Nothing)] // There is nothing to end.
    internal void Store_answers_and_this_node_has_no_copy(
        StoreReadOutcome read,
        bool isIdle,
        bool mustWait,
        ReadStep step
    ) => Assert.Equal(step, OpenTable.StepAfterRead(new ReadFacts(read, IsIdle: isIdle, MustWaitForOthers: mustWait)));

    [Theory]
    [InlineData(Current, ReadStep.UseCopy)]
    [InlineData(Stale, ReadStep.UseCopy)] // Touched, and not changed.
    [InlineData(Incomplete, ReadStep.ReadAgain)]
    [InlineData(Diverged, ReadStep.ReadAgain)]
    internal void Store_has_what_the_copy_is(CopyState state, ReadStep step) =>
        Assert.Equal(step, OpenTable.StepAfterRead(new ReadFacts(Unchanged, state, IsCopyUsable: true)));

    [Theory]
    [InlineData(Current, false, ReadStep.Restore)]
    [InlineData(Current, true, ReadStep.Restore)] // An end by another node would have made it stale.
    [InlineData(Stale, false, ReadStep.Restore)] // Evicted or deleted by hand: an end would have left its tombstone.
    [InlineData(Stale, true, ReadStep.Nothing)] // The change may have been the end, and that may be lost.
    [InlineData(Incomplete, false, ReadStep.Nothing)]
    [InlineData(Diverged, false, ReadStep.Nothing)]
    internal void Store_has_lost_what_this_node_has(CopyState state, bool mayHaveLostEnds, ReadStep step)
    {
        Assert.Equal(
            step,
            OpenTable.StepAfterRead(new ReadFacts(Missing, state, IsCopyUsable: true, MayHaveLostEnds: mayHaveLostEnds))
        );
        Assert.Equal(
            ReadStep.Nothing,
            OpenTable.StepAfterRead(new ReadFacts(Missing, state, MayHaveLostEnds: mayHaveLostEnds))
        ); // Idle by itself.
    }

    [Fact]
    public void Session_that_is_there_with_what_the_client_saw_is_served_whatever_else_is_true() =>
        Assert.All(Facts(new FoundFacts(IsThere: true, HasWhatClientSaw: true, MayAsk: true)), facts =>
            Assert.Equal(OpenStep.Serve, OpenTable.NextStep(facts))
        );

    [Fact]
    public void Session_past_its_absolute_end_is_over_and_no_loss() =>
        Assert.All(Facts(new FoundFacts(IsThere: true, IsPastAbsoluteEnd: true)), facts =>
            Assert.Equal(OpenStep.Expired, OpenTable.NextStep(facts))
        );

    [Fact]
    public void Session_that_was_ended_is_over_whatever_the_client_saw() =>
        Assert.All(Facts(new FoundFacts(IsThere: true, IsDestroyed: true, HasWhatClientSaw: true)), facts =>
            Assert.Equal(OpenStep.Destroyed, OpenTable.NextStep(facts))
        );

    [Theory]
    [InlineData(false, false, true, false, OpenStep.Wait)]
    [InlineData(false, false, true, true, OpenStep.Wait)]
    [InlineData(false, false, false, true, OpenStep.NotKnownYet)]
    [InlineData(false, false, false, false, OpenStep.Lost)]
    [InlineData(false, true, true, true, OpenStep.Lost)]
    [InlineData(true, false, true, true, OpenStep.Expired)]
    [InlineData(true, true, false, false, OpenStep.Expired)]
    internal void Session_is_missing(
        bool hasExpired,
        bool isPatienceOver,
        bool hasTime,
        bool hasJustReturned,
        OpenStep next
    ) =>
        Assert.Equal(
            next,
            OpenTable.NextStep(
                new FoundFacts(
                    IsThere: false,
                    HasExpired: hasExpired,
                    IsPatienceOver: isPatienceOver,
                    HasTimeLeft: hasTime,
                    HasStoreJustReturned: hasJustReturned
                )
            )
        );

    [Fact]
    public void Nodes_are_asked_before_a_session_counts_as_expired_or_lost_and_nobody_waits() =>
        Assert.All(
            Facts(new FoundFacts(IsThere: false, MayAsk: true))
                .Concat(Facts(new FoundFacts(IsThere: true, MayAsk: true))),
            facts => Assert.Equal(OpenStep.Ask, OpenTable.NextStep(facts))
        );

    /// <summary>
    /// Written long ago says nothing of when it was used: another node may be about to restore it.
    /// </summary>
    [Theory]
    [InlineData(false, true, false, OpenStep.Wait)]
    [InlineData(false, false, true, OpenStep.NotKnownYet)]
    [InlineData(false, false, false, OpenStep.Expired)]
    [InlineData(true, true, true, OpenStep.Expired)]
    internal void Session_that_seems_to_have_expired_is_waited_for_while_others_restore(
        bool isPatienceOver,
        bool hasTime,
        bool hasJustReturned,
        OpenStep next
    ) =>
        Assert.Equal(
            next,
            OpenTable.NextStep(
                new FoundFacts(
                    IsThere: false,
                    HasExpired: true,
                    IsBeingRecovered: true,
                    IsPatienceOver: isPatienceOver,
                    HasTimeLeft: hasTime,
                    HasStoreJustReturned: hasJustReturned
                )
            )
        );

    [Theory]
    [InlineData(false, true, false, OpenStep.Wait)]
    [InlineData(false, false, true, OpenStep.NotKnownYet)]
    [InlineData(false, false, false, OpenStep.Lost)]
    [InlineData(true, true, true, OpenStep.Lost)]
    internal void Session_is_there_without_what_the_client_saw(
        bool isPatienceOver,
        bool hasTime,
        bool hasJustReturned,
        OpenStep next
    ) =>
        Assert.Equal(
            next,
            OpenTable.NextStep(
                new FoundFacts(
                    IsThere: true,
                    HasExpired: true,
                    IsPatienceOver: isPatienceOver,
                    HasTimeLeft: hasTime,
                    HasStoreJustReturned: hasJustReturned
                )
            )
        );

    [Theory]
    [InlineData(false, false, OpenStep.NotKnownYet)]
    [InlineData(false, true, OpenStep.Expired)] // Nobody is kept waiting for the cookie of long ago.
    [InlineData(true, false, OpenStep.NotKnownYet)]
    internal void Node_that_may_have_the_session_has_not_answered(bool isThere, bool hasExpired, OpenStep next) =>
        Assert.Equal(
            next,
            OpenTable.NextStep(
                new FoundFacts(isThere, HasExpired: hasExpired, IsPatienceOver: true, MayBeFoundLater: true)
            )
        );

    private static CopyState?[] States() => [null, Current, Stale, Incomplete, Diverged];

    /// <summary>The facts with everything else as it may be.</summary>
    private static IEnumerable<FoundFacts> Facts(FoundFacts facts) =>
        Enumerable
            .Range(0, 16)
            .Select(bits =>
                facts with
                {
                    HasExpired = (bits & 1) != 0,
                    IsPatienceOver = (bits & 2) != 0,
                    HasTimeLeft = (bits & 4) != 0,
                    HasStoreJustReturned = (bits & 8) != 0,
                }
            );
}
