using ClusterSession.Asking;
using ClusterSession.Diagnostics;
using ClusterSession.Lifetime;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Recovery;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Opening;

/// <summary>
/// Finds the copy of a session that a request may use: reads the store (one read for all that
/// wait), does what <see cref="OpenTable"/> says, and reads again for a while where others may be
/// bringing back what the client has seen. Every step ends with the deadline of the request.
/// Thread-safe.
/// </summary>
internal sealed class SessionFinder(
    SessionReads reads,
    NodeSessions local,
    SessionRepair repair,
    StoreRecovery recovery,
    SessionLifetime lifetime,
    SessionExpiry expiry,
    SessionAsks asks,
    IOptions<ClusterSessionOptions> options,
    TimeProvider time,
    SessionMetrics metrics,
    ILogger<SessionFinder> logger
)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan PatienceWhileRecovering = TimeSpan.FromSeconds(2);
    private readonly LogRate _servedInPart = new(time);
    private readonly LogRate _regressed = new(time);

    /// <inheritdoc cref="SessionOpener.OpenAsync"/>
    public async ValueTask<OpenedSession> FindAsync(
        SessionKey key,
        SessionVersion seen,
        StoreDeadline deadline,
        CancellationToken cancellationToken
    )
    {
        if (local.Ends.TryFind(key, out _, out _))
        {
            return KnownEnd(key); // Also while the store does not know it yet.
        }

        if (
            local.Absent.TryGet(key, out var absence)
            && (
                absence.HasEnded
                || (
                    !recovery.WindowOf(key).IsUnderWay
                    && !local.MayBringBack(key, absence.Since)
                    && !asks.MayFindMoreSince(absence.Since)
                )
            )
        )
        {
            return OpenedSession.None(
                absence.HasEnded ? OpenOutcome.Destroyed : OpenOutcome.Missing,
                absence.IsRegressed
            );
        }

        AskResult? asked = null;
        var begun = time.GetTimestamp();
        var pause = FirstPause;
        var slowest = TimeSpan.Zero;
        while (true)
        {
            var mayGoOnWithout = local.Find(key, seen) is { IsDiverged: false };
            var readAt = time.GetTimestamp();
            var (read, mark) = await reads
                .ReadAsync(key, seen, mayGoOnWithout, deadline, cancellationToken)
                .ConfigureAwait(false);
            slowest = time.GetElapsedTime(readAt) is var took && took > slowest ? took : slowest;
            if (asked == AskResult.Ended && read.Outcome != StoreReadOutcome.Destroyed)
            {
                return EndedByAnswer(key);
            }

            local.Copies.TryGet(key, out var copy);
            var isThere = read.Outcome is StoreReadOutcome.Found or StoreReadOutcome.Unchanged;

            // Where the store has the session, its life there says whether it is idle: the copy may
            // not know of uses at other nodes.
            var usable =
                copy is not null && (isThere ? !lifetime.IsPastAbsoluteEnd(copy.Record) : local.IsUsable(copy))
                    ? copy
                    : null;
            SessionRecord? record = null;
            var isComplete = true;
            switch (OpenTable.StepAfterRead(FactsOf(key, seen, read, copy, usable)))
            {
                case ReadStep.Ended:
                    local.Copies.Drop(key);
                    return Ended(key, read);
                case ReadStep.KnownEnd:
                    if (isThere)
                    {
                        local.EndAgain(key);
                    }

                    return KnownEnd(key);
                case ReadStep.EndIdle:
                    var isEnded = await EndIdleAsync(key, read, copy, deadline).ConfigureAwait(false);
                    if (!isEnded && isThere)
                    {
                        continue; // A running request has committed meanwhile.
                    }

                    // Ended as idle it is missing, which is no loss.
                    return isEnded ? OpenedSession.None(OpenOutcome.Missing) : OpenedSession.Unavailable(read.Failure);
                case ReadStep.GoOnWithoutStore:
                    return WithOwnKnowledge(key, seen, read.Failure);
                case ReadStep.ReadAgain:
                    continue;
                case ReadStep.UseStored:
                    record = read.Record;
                    break;
                case ReadStep.TakeIn:
                    (record, isComplete) = await TakeInAsync(key, read, usable, mark, deadline).ConfigureAwait(false);
                    break;
                case ReadStep.UseCopy:
                    record = local.Confirm(key, copy!, read, mark).Record;
                    break;
                case ReadStep.Restore:
                    (record, isComplete) = await repair
                        .RecoverAsync(key, usable!.Record, stored: null, deadline)
                        .ConfigureAwait(false);
                    break;
            }

            var window = recovery.WindowOf(key);
            var isMissed = IsMissed(key, seen);
            var isPatienceOver =
                isMissed
                || (
                    !window.HasJustBegun
                    && time.GetElapsedTime(begun) >= (window.IsUnderWay ? PatienceWhileRecovering : Patience)
                );
            var mayAsk = asked is null && !WasDecidedBefore(key, seen) && asks.IsPossible;
            if (mayAsk && asks.TryRecall(key, seen, readAt, out var known))
            {
                (asked, mayAsk) = (known, false); // The nodes said so before this read: it is not repeated.
            }

            var facts = new FoundFacts(
                IsThere: record is not null,
                IsDestroyed: record is { IsDestroyed: true },
                IsPastAbsoluteEnd: record is not null && lifetime.IsPastAbsoluteEnd(record),
                HasWhatClientSaw: record?.Contains(seen) == true,
                HasExpired: asked is not (AskResult.Unasked or AskResult.MayNotRestore)
                    && (
                        (copy is not null && !local.IsUsable(copy) && !window.IsUnderWay)
                        || lifetime.MayHaveExpired(seen)
                    ),
                mayAsk,
                IsBeingRecovered: window.IsUnderWay,
                isPatienceOver,
                HasTimeLeft: deadline.Left - pause > slowest,
                HasStoreJustReturned: window.HasJustBegun,
                MayBeFoundLater: !isMissed // A client that was served without the commit before is not refused now.
                    && (
                        asked is AskResult.Unanswered or AskResult.Unasked or AskResult.RestoredSoFar
                        || asks.MayStillCome(seen)
                    )
            );
            switch (OpenTable.NextStep(facts))
            {
                case OpenStep.Serve:
                    local.Missed.Found(key, record!);
                    var source =
                        read.Outcome == StoreReadOutcome.Found ? SessionSource.Store : SessionSource.Revalidated;
                    return OpenedSession.Opened(record!, source, isComplete: isComplete);
                case OpenStep.Destroyed:
                    return OpenedSession.None(OpenOutcome.Destroyed);
                case OpenStep.Expired when MayBeElsewhere(asked, record):
                    return OpenedSession.None(OpenOutcome.Missing); // Not to be remembered as absent.
                case OpenStep.Expired:
                    return DropMissing(key, read, mark);
                case OpenStep.Ask:
                    asked = await asks.AskAsync(key, seen, PatienceToAsk(deadline, slowest), cancellationToken)
                        .ConfigureAwait(false);
                    if (
                        asked == AskResult.Unasked
                        && record is null
                        && !window.IsUnderWay
                        && lifetime.MayHaveExpired(seen)
                    )
                    {
                        goto case OpenStep.Lost; // One of a flood of old cookies counts as lost, unasked.
                    }

                    continue;
                case OpenStep.Wait:
                    await Task.Delay(pause, time, cancellationToken).ConfigureAwait(false);
                    pause *= 2;
                    continue;
                case OpenStep.NotKnownYet:
                    return WithOwnKnowledge(key, seen, StoreFailure.Unknown);
                case OpenStep.Lost:
                default:
                    var regressed = await RegressAsync(key, seen, asked, record, isComplete, usable, deadline)
                        .ConfigureAwait(false);
                    return IsUnanswered(asked) ? regressed : Remember(key, regressed, read, mark);
            }
        }
    }

    /// <summary>
    /// How long the nodes are waited for: the store is to be read again after that. Where no time
    /// is left they are asked all the same: the next request finds what they say.
    /// </summary>
    private static TimeSpan PatienceToAsk(StoreDeadline deadline, TimeSpan slowest)
    {
        var half = (deadline.Left - slowest) / 2;
        return half < TimeSpan.Zero ? TimeSpan.Zero
            : half < SessionAsks.Patience ? half
            : SessionAsks.Patience;
    }

    /// <summary>
    /// Whether the nodes were asked, by this request or shortly before it, and one that may have
    /// the session has not answered, or answers no ask.
    /// </summary>
    private static bool IsUnanswered(AskResult? asked) =>
        asked is AskResult.GivenUp or AskResult.Unanswered or AskResult.RestoredSoFar;

    /// <summary>
    /// Whether another node may have it: not all nodes have answered, or none was asked although
    /// the store has a channel.
    /// </summary>
    private bool MayBeElsewhere(AskResult? asked, SessionRecord? record) =>
        IsUnanswered(asked) || (asked is null && record is null && asks.HasChannel);

    private ReadFacts FactsOf(
        SessionKey key,
        SessionVersion seen,
        in StoreRead read,
        LocalCopy? copy,
        LocalCopy? usable
    )
    {
        var stored = read.Outcome switch
        {
            StoreReadOutcome.Found => read.Record,
            StoreReadOutcome.Unchanged when copy is { IsComplete: true } => copy.Record,
            _ => null,
        };
        var isIdle = stored is null
            ? read.Outcome == StoreReadOutcome.Unavailable && copy is not null && expiry.IsKnownToBeIdle(copy)
            : stored.Contains(seen)
                && expiry.MayBeIdle(stored, read.RemainingLife)
                && expiry.IsIdle(copy, stored.Version, read.RemainingLife);
        return new ReadFacts(
            read.Outcome,
            copy?.State,
            IsCopyUsable: usable is not null,
            IsKnownToBeEnded: local.Ends.Contains(key),
            isIdle,
            MustWaitForOthers: read.Outcome == StoreReadOutcome.Found
                && local.MustWaitForOthers(key, read.Record!, usable, seen),
            recovery.WindowOf(key).MayHaveLostEnds
        );
    }

    /// <summary>
    /// Ends an idle session, which is then no loss; false if it is not idle any more.
    /// </summary>
    private ValueTask<bool> EndIdleAsync(SessionKey key, in StoreRead read, LocalCopy? copy, StoreDeadline deadline) =>
        expiry.TryEndAsync(key, (read.Record ?? copy!.Record).Version, deadline);

    private OpenedSession KnownEnd(SessionKey key)
    {
        local.Ends.TryFind(key, out var end, out var age);
        return OpenedSession.Ended(end.Successor, age); // SuccessorFinder looks at the grace.
    }

    /// <summary>A node knows the end, and the store has not taken it yet.</summary>
    private OpenedSession EndedByAnswer(SessionKey key)
    {
        local.Copies.Drop(key);
        local.Absent.Ended(key);
        return OpenedSession.None(OpenOutcome.Destroyed);
    }

    /// <summary>
    /// Answers for a session that the store has as ended. During
    /// <see cref="ClusterSessionOptions.RotationGrace"/> the end of a rotated id leads to its
    /// successor. After that it is remembered as absent, like every other end.
    /// </summary>
    private OpenedSession Ended(SessionKey key, in StoreRead read)
    {
        var age = lifetime.AgeOfTombstone(read.RemainingLife);
        if (read.Successor is not null && age <= options.Value.RotationGrace)
        {
            return OpenedSession.Ended(read.Successor, age);
        }

        local.Absent.Ended(key);
        return OpenedSession.None(OpenOutcome.Destroyed);
    }

    /// <summary>
    /// Whether this node has waited in vain for what the client has seen. That does not count any
    /// more where another server has taken over since, to which nodes may replay it, or where a
    /// node has come that may have it.
    /// </summary>
    private bool IsMissed(SessionKey key, SessionVersion seen) =>
        local.Missed.TryGet(key, seen, out var since)
        && !recovery.WindowOf(key).HasBegunSince(since)
        && !asks.MayFindMoreSince(since);

    /// <summary>
    /// Whether an earlier request has asked the nodes for the commit, and all have answered: asking
    /// again would find the same.
    /// </summary>
    private bool WasDecidedBefore(SessionKey key, SessionVersion seen) =>
        IsMissed(key, seen) && local.Missed.IsDecided(key, seen);

    private OpenedSession Remember(SessionKey key, in OpenedSession answer, in StoreRead read, int mark)
    {
        if (answer.Outcome == OpenOutcome.Missing && !local.MayBringBack(key, long.MaxValue))
        {
            local.Absent.Missing(key, answer.IsRegressed, read.Lease, mark);
        }

        return answer;
    }

    /// <summary>Drops a copy that is of no use any more, which moves the mark by one.</summary>
    private OpenedSession DropMissing(SessionKey key, in StoreRead read, int mark)
    {
        var isUnchanged = local.Copies.Mark(key) == mark;
        local.Copies.Drop(key);
        var answer = OpenedSession.None(OpenOutcome.Missing);
        return isUnchanged ? Remember(key, answer, read, unchecked(mark + 1)) : answer;
    }

    /// <summary>What this node knows is served, else it is a 503.</summary>
    private OpenedSession WithOwnKnowledge(SessionKey key, SessionVersion seen, StoreFailure failure)
    {
        if (local.Find(key, seen) is not { } known)
        {
            return OpenedSession.Unavailable(failure);
        }

        if (known.IsDiverged)
        {
            metrics.Regressed.Add(1);
            if (_servedInPart.MayWrite(out var count))
            {
                logger.SessionServedInPart(failure, count);
            }
        }

        return OpenedSession.Opened(known.Record, SessionSource.LocalCopy, known.IsDiverged, known.IsComplete);
    }

    /// <summary>
    /// Unites what the store has with what only this node has, as the local copy.
    /// </summary>
    private async ValueTask<(SessionRecord? Record, bool IsComplete)> TakeInAsync(
        SessionKey key,
        StoreRead read,
        LocalCopy? copy,
        int mark,
        StoreDeadline deadline
    )
    {
        var stored = read.Record!;
        if (copy is null || copy.IsContainedIn(stored))
        {
            var published = local.Publish(key, read, mark);
            return published.IsComplete ? (stored, true) : (published.Record, false); // A commit came in between.
        }

        return copy.IsFresh && copy.Record.ContainsAllOf(stored)
            ? (copy.Record, true) // A commit of this node overtook the read.
            : await repair.RecoverAsync(key, copy.Record, stored, deadline).ConfigureAwait(false);
    }

    /// <summary>
    /// Goes on with what there is, flagged for the application, counted and logged: something that
    /// the client has seen is gone. What this node has is stored again. It may lack concurrent
    /// commits of other nodes, but those would have stored their commits again by now. Where the
    /// store has nothing, this node's copy is stored only if no end can be lost.
    /// </summary>
    private async ValueTask<OpenedSession> RegressAsync(
        SessionKey key,
        SessionVersion seen,
        AskResult? asked,
        SessionRecord? record,
        bool isComplete,
        LocalCopy? copy,
        StoreDeadline deadline
    )
    {
        if (
            copy is not null
            && (record is null ? !recovery.WindowOf(key).MayHaveLostEnds : !record.ContainsAllOf(copy.Record))
        )
        {
            (record, isComplete) = await repair.RecoverAsync(key, copy.Record, record, deadline).ConfigureAwait(false);
            if (record.IsDestroyed)
            {
                return OpenedSession.None(OpenOutcome.Destroyed);
            }
        }

        if (!IsMissed(key, seen))
        {
            CountRegression();
        }

        if (!WasDecidedBefore(key, seen))
        {
            var isDecided = asked is AskResult.Nobody or AskResult.MayNotRestore or AskResult.Restored;
            local.Missed.Add(key, seen, isDecided);
        }

        return record is null
            ? OpenedSession.None(OpenOutcome.Missing, isRegressed: true)
            : OpenedSession.Opened(record, SessionSource.Store, isRegressed: true, isComplete);
    }

    private void CountRegression()
    {
        metrics.Regressed.Add(1);
        if (_regressed.MayWrite(out var count))
        {
            logger.SessionRegressed(count);
        }
    }
}
