using ClusterSession.Lifetime;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Recovery;
using ClusterSession.Stores;

namespace ClusterSession.Opening;

/// <summary>
/// Reads the store for a search, and takes in what the store says: performs the steps of the first
/// table of <see cref="OpenTable"/>. Thread-safe.
/// </summary>
internal sealed class StoreAnswers(
    SessionReads reads,
    NodeSessions local,
    OwnAnswers own,
    SessionRepair repair,
    StoreRecovery recovery,
    SessionLifetime lifetime,
    SessionExpiry expiry
)
{
    /// <summary>Reads the store; all searches for one session share a read.</summary>
    public async ValueTask<(StoreRead Read, int Mark)> ReadAsync(
        SessionSearch search,
        CancellationToken cancellationToken
    )
    {
        var mayGoOnWithoutStore = local.Find(search.Key, search.Seen) is { IsDiverged: false };
        search.BeginRead();
        var read = await reads
            .ReadAsync(search.Key, search.Seen, mayGoOnWithoutStore, search.Deadline, cancellationToken)
            .ConfigureAwait(false);
        search.EndRead();
        return read;
    }

    /// <summary>Takes in an answer of the store.</summary>
    /// <param name="search">The search of a request that has read the store.</param>
    /// <param name="read">What the store said.</param>
    /// <param name="mark">The mark that was taken before the store was asked.</param>
    public async ValueTask<TakenAnswer> TakeAsync(SessionSearch search, StoreRead read, int mark)
    {
        var key = search.Key;
        local.Copies.TryGet(key, out var copy);
        var isThere = read.Outcome is StoreReadOutcome.Found or StoreReadOutcome.Unchanged;

        // Where the store has the session, its time to live there says whether it is idle: the copy
        // may not know of uses at other nodes.
        var usable =
            copy is not null && (isThere ? !lifetime.IsPastAbsoluteEnd(copy.Record) : local.IsUsable(copy))
                ? copy
                : null;
        OpenedSession? opened = null;
        var mustReadAgain = false;
        SessionRecord? record = null;
        var isComplete = true;
        switch (OpenTable.StepAfterRead(FactsOf(search, read, copy, usable)))
        {
            case ReadStep.Ended:
                opened = own.Ended(key, read);
                break;
            case ReadStep.KnownEnd:
                if (isThere)
                {
                    local.EndAgain(key);
                }

                opened = own.KnownEnd(key);
                break;
            case ReadStep.EndIdle:
                var isEnded = await expiry
                    .TryEndAsync(key, (read.Record ?? copy!.Record).Version, search.Deadline)
                    .ConfigureAwait(false);
                // Not ended, and the store has it: a running request has committed meanwhile.
                mustReadAgain = !isEnded && isThere;
                if (!mustReadAgain)
                {
                    // A session ended as idle counts as missing, and not as lost.
                    opened = isEnded
                        ? OpenedSession.None(OpenOutcome.Missing)
                        : OpenedSession.Unavailable(read.Failure);
                }

                break;
            case ReadStep.GoOnWithoutStore:
                opened = own.WithoutStore(key, search.Seen, read.Failure);
                break;
            case ReadStep.ReadAgain:
                mustReadAgain = true;
                break;
            case ReadStep.UseStored:
                record = read.Record;
                break;
            case ReadStep.TakeIn:
                (record, isComplete) = await TakeInAsync(search, read, usable, mark).ConfigureAwait(false);
                break;
            case ReadStep.UseCopy:
                record = local.Confirm(key, copy!, read, mark).Record;
                break;
            case ReadStep.Restore:
                (record, isComplete) = await repair
                    .RecoverAsync(key, usable!.Record, stored: null, search.Deadline)
                    .ConfigureAwait(false);
                break;
        }

        return new(opened, mustReadAgain, record, isComplete, copy, usable);
    }

    private ReadFacts FactsOf(SessionSearch search, in StoreRead read, LocalCopy? copy, LocalCopy? usable)
    {
        var stored = read.Outcome switch
        {
            StoreReadOutcome.Found => read.Record,
            StoreReadOutcome.Unchanged when copy is { IsComplete: true } => copy.Record,
            _ => null,
        };
        var isIdle = stored is null
            ? read.Outcome == StoreReadOutcome.Unavailable && copy is not null && expiry.IsKnownToBeIdle(copy)
            : stored.Contains(search.Seen)
                && expiry.MayBeIdle(stored, read.RemainingLife)
                && expiry.IsIdle(copy, stored.Version, read.RemainingLife);
        return new ReadFacts(
            read.Outcome,
            copy?.State,
            IsCopyUsable: usable is not null,
            IsKnownToBeEnded: local.Ends.Contains(search.Key),
            isIdle,
            MustWaitForOthers: read.Outcome == StoreReadOutcome.Found
                && local.MustWaitForOthers(search.Key, read.Record!, usable, search.Seen),
            recovery.WindowOf(search.Key).MayHaveLostEnds
        );
    }

    /// <summary>
    /// Unites what the store has with what only this node has, as the local copy.
    /// </summary>
    private async ValueTask<(SessionRecord? Record, bool IsComplete)> TakeInAsync(
        SessionSearch search,
        StoreRead read,
        LocalCopy? copy,
        int mark
    )
    {
        var stored = read.Record!;
        if (copy is null || copy.IsContainedIn(stored))
        {
            // If a commit of this node came in between, the local copy has that commit too.
            // The copy is not what was read then, and the request gets the copy as incomplete.
            var published = local.Publish(search.Key, read, mark);
            return published.IsComplete ? (stored, true) : (published.Record, false);
        }

        return copy.IsFresh && copy.Record.ContainsAllOf(stored)
            ? (copy.Record, true) // A commit of this node overtook the read.
            : await repair.RecoverAsync(search.Key, copy.Record, stored, search.Deadline).ConfigureAwait(false);
    }
}
