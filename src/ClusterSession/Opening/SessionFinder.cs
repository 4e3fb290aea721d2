using ClusterSession.Asking;
using ClusterSession.Lifetime;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Recovery;
using ClusterSession.Stores;

namespace ClusterSession.Opening;

/// <summary>
/// Finds the copy of a session that a request may use: reads the store (one read for all that
/// wait), does what <see cref="OpenTable"/> says, and reads again for a while where others may be
/// bringing back what the client has seen. Every step ends with the deadline of the request.
/// Thread-safe.
/// </summary>
internal sealed class SessionFinder(
    StoreAnswers answers,
    OwnAnswers own,
    RegressedSessions regressed,
    NodeSessions local,
    StoreRecovery recovery,
    SessionLifetime lifetime,
    SessionAsks asks,
    TimeProvider time
)
{
    /// <inheritdoc cref="SessionOpener.OpenAsync"/>
    public async ValueTask<OpenedSession> FindAsync(
        SessionKey key,
        SessionVersion seen,
        StoreDeadline deadline,
        CancellationToken cancellationToken
    )
    {
        // What this node remembers by itself: the session has ended, or the store has not got it.
        if (own.Gone(key) is { } gone)
        {
            return gone;
        }

        var search = new SessionSearch(key, seen, deadline, time);
        while (true)
        {
            var (read, mark) = await answers.ReadAsync(search, cancellationToken).ConfigureAwait(false);
            if (search.Asked == AskResult.Ended && read.Outcome != StoreReadOutcome.Destroyed)
            {
                return own.EndedElsewhere(key);
            }

            var taken = await answers.TakeAsync(search, read, mark).ConfigureAwait(false);
            if (taken.MustReadAgain)
            {
                continue;
            }

            if (taken.Opened is { } opened)
            {
                return opened;
            }

            var window = recovery.WindowOf(key);
            switch (OpenTable.NextStep(FactsOf(search, taken, window)))
            {
                case OpenStep.Serve:
                    local.Missed.Found(key, taken.Record!);
                    return OpenedSession.Opened(
                        taken.Record!,
                        read.Outcome == StoreReadOutcome.Found ? SessionSource.Store : SessionSource.Revalidated,
                        isComplete: taken.IsComplete
                    );
                case OpenStep.Destroyed:
                    return OpenedSession.None(OpenOutcome.Destroyed);
                case OpenStep.Expired:
                    return MayBeElsewhere(search, taken)
                        ? OpenedSession.None(OpenOutcome.Missing) // Not to be remembered as absent.
                        : own.Expired(key, read.Lease, mark);
                case OpenStep.Ask:
                    search.Asked = await asks.AskAsync(key, seen, search.PatienceToAsk, cancellationToken)
                        .ConfigureAwait(false);
                    // AskAsync asks nobody (Unasked) while too many sessions are missing at once.
                    if (IsLostWithoutAsking(search, taken, window))
                    {
                        goto case OpenStep.Lost;
                    }

                    continue;
                case OpenStep.Wait:
                    await search.PauseAsync(cancellationToken).ConfigureAwait(false);
                    continue;
                case OpenStep.NotKnownYet:
                    // Served from what this node knows, or a 503, as while the store is away.
                    return own.WithoutStore(key, seen, StoreFailure.Unknown);
                case OpenStep.Lost:
                default:
                    var lost = await regressed.GoOnAsync(search, taken).ConfigureAwait(false);
                    if (!search.IsUnanswered)
                    {
                        own.Remember(key, lost, read.Lease, mark);
                    }

                    return lost;
            }
        }
    }

    private FoundFacts FactsOf(SessionSearch search, in TakenAnswer taken, in RecoveryWindow window)
    {
        var (key, seen, record) = (search.Key, search.Seen, taken.Record);
        var isMissed = regressed.IsMissed(key, seen);
        var mayAsk = search.Asked is null && !regressed.IsDecided(key, seen) && asks.IsPossible;
        if (mayAsk && asks.TryRecall(key, seen, search.ReadAt, out var known))
        {
            // The nodes had answered before this read began, so it has found what they restored.
            (search.Asked, mayAsk) = (known, false);
        }

        return new FoundFacts(
            IsThere: record is not null,
            IsDestroyed: record is { IsDestroyed: true },
            IsPastAbsoluteEnd: record is not null && lifetime.IsPastAbsoluteEnd(record),
            HasWhatClientSaw: record?.Contains(seen) == true,
            // Unasked: the nodes should have been asked, and were not, as too many sessions are
            // missing at once; a node may have this one in use. (Null: not come to asking yet.)
            // MayNotRestore: a node has some of it. With either, the session is not expired.
            HasExpired: search.Asked is not (AskResult.Unasked or AskResult.MayNotRestore)
                && (
                    (taken.Copy is not null && !local.IsUsable(taken.Copy) && !window.IsUnderWay)
                    || lifetime.MayHaveExpired(seen)
                ),
            mayAsk,
            IsBeingRecovered: window.IsUnderWay,
            IsPatienceOver: isMissed || search.IsPatienceOver(window),
            search.HasTimeLeft,
            HasStoreJustReturned: window.HasJustBegun,
            MayBeFoundLater: !isMissed // A client that was served without the commit gets no 503 a moment later.
                && (
                    search.Asked is AskResult.Unanswered or AskResult.Unasked or AskResult.RestoredSoFar
                    || asks.MayStillCome(seen)
                )
        );
    }

    /// <summary>
    /// Whether another node may have it: not all nodes have answered, or none was asked although
    /// the store has a channel.
    /// </summary>
    private bool MayBeElsewhere(SessionSearch search, in TakenAnswer taken) =>
        search.IsUnanswered || (search.Asked is null && taken.Record is null && asks.HasChannel);

    /// <summary>Whether the session counts as lost though nobody was asked for it: its cookie is
    /// one of a flood of cookies that are so old that their sessions may have expired.</summary>
    private bool IsLostWithoutAsking(SessionSearch search, in TakenAnswer taken, in RecoveryWindow window) =>
        search.Asked == AskResult.Unasked
        && taken.Record is null
        && !window.IsUnderWay
        && lifetime.MayHaveExpired(search.Seen);
}
