using ClusterSession.Local;
using ClusterSession.Stores;

namespace ClusterSession.Opening;

/// <summary>
/// What a request is to do with what it has found of its session: two tables. <see
/// cref="StoreAnswers"/> performs the rows of the first, <see cref="SessionFinder"/> those of the
/// second. They read nothing but the facts, and the first row that fits counts.
/// </summary>
/// <remarks>
/// <code>
/// first table: what the store says, and what this node knows of the session ("unchanged": the
/// store has the version that the question named; "is there": found or unchanged)
///
/// store says    this node                                        step
/// destroyed     -                                                Ended
/// any           knows by now that it has ended                   KnownEnd
/// unavailable   knows that nobody has used it for too long       EndIdle
/// unavailable   -                                                GoOnWithoutStore
/// unchanged     has no complete copy any more                    ReadAgain
/// is there      finds it idle by what the store says             EndIdle
/// found         has a commit that the store lacks, made on a
///               commit of another node that the store lacks too  UseStored
/// found         -                                                TakeIn
/// unchanged     has the copy                                     UseCopy
/// missing       has a usable copy that nobody has changed        Restore
/// missing       has one, stale; the store cannot have lost ends  Restore
/// missing       -                                                Nothing
///
/// second table: what came of the step
///
/// record                           what the client has seen        next
/// destroyed                        -                               Destroyed
/// past its absolute end            -                               Expired
/// there                            is in it                        Serve
/// any                              the nodes were not asked yet    Ask
/// missing, no recovery under way   has expired, by what is known   Expired
/// any                              is still expected back, and the
///                                  request has time left           Wait
/// any                              is still expected back, and the
///                                  store is just back              NotKnownYet
/// missing                          has expired, by what is known   Expired
/// any                              another node may have it yet    NotKnownYet
/// any                              none of the rows above          Lost
/// </code>
/// A copy that somebody else has changed is not stored again where the store has nothing and may
/// have lost the ends of sessions: the change may have been its end. Where the store cannot have
/// lost ends, a session that is missing, and was not idle, was evicted or deleted by hand. A commit
/// that was made on another node's commit is not stored before that one: the record would
/// look whole then, and lack what the other node wrote.
/// </remarks>
internal static class OpenTable
{
    /// <summary>What is to be done with the store's answer.</summary>
    public static ReadStep StepAfterRead(in ReadFacts facts) =>
        facts switch
        {
            { Read: StoreReadOutcome.Destroyed } => ReadStep.Ended,
            { IsKnownToBeEnded: true } => ReadStep.KnownEnd,
            { Read: StoreReadOutcome.Unavailable, IsIdle: true } => ReadStep.EndIdle,
            { Read: StoreReadOutcome.Unavailable } => ReadStep.GoOnWithoutStore,
            { Read: StoreReadOutcome.Unchanged, Copy: not (CopyState.Current or CopyState.Stale) } =>
                ReadStep.ReadAgain,
            { Read: not StoreReadOutcome.Missing, IsIdle: true } => ReadStep.EndIdle,
            { Read: StoreReadOutcome.Found, MustWaitForOthers: true } => ReadStep.UseStored,
            { Read: StoreReadOutcome.Found } => ReadStep.TakeIn,
            { Read: StoreReadOutcome.Unchanged } => ReadStep.UseCopy,
            { IsCopyUsable: true, Copy: CopyState.Current } => ReadStep.Restore,
            { IsCopyUsable: true, Copy: CopyState.Stale, MayHaveLostEnds: false } => ReadStep.Restore,
            _ => ReadStep.Nothing,
        };

    /// <summary>What is done next: the request is answered, or it waits or asks.</summary>
    public static OpenStep NextStep(in FoundFacts facts) =>
        facts switch
        {
            { IsThere: true, IsDestroyed: true } => OpenStep.Destroyed,
            { IsThere: true, IsPastAbsoluteEnd: true } => OpenStep.Expired,
            { IsThere: true, HasWhatClientSaw: true } => OpenStep.Serve,
            { MayAsk: true } => OpenStep.Ask,
            { IsThere: false, HasExpired: true, IsBeingRecovered: false } => OpenStep.Expired,
            { IsPatienceOver: false, HasTimeLeft: true } => OpenStep.Wait,
            { IsPatienceOver: false, HasStoreJustReturned: true } => OpenStep.NotKnownYet,
            { IsThere: false, HasExpired: true } => OpenStep.Expired,
            { MayBeFoundLater: true } => OpenStep.NotKnownYet,
            _ => OpenStep.Lost,
        };
}
