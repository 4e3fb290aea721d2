using ClusterSession.Lifetime;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Recovery;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;

namespace ClusterSession.Committing;

/// <summary>
/// Ends sessions: destroyed by the application, idle for too long, or going on under another id. An
/// end that the store does not take is kept, and holds on this node at once. Thread-safe.
/// </summary>
internal sealed class SessionEnds(
    StoreGuard store,
    NodeSessions local,
    CommitJournal journal,
    SessionRepair repair,
    HybridClock clock,
    SessionLifetime lifetime
)
{
    private const int MaxAttempts = 8;
    private const int MaxSuccessors = 8;

    /// <summary>
    /// Ends a session. If its id was rotated meanwhile, the successor is ended too, unless that
    /// belongs to another person: a logout is meant for the session, not for one id. <see
    /// cref="CommitOutcome.AlreadyEnded"/> if another request has ended it before.
    /// </summary>
    public async ValueTask<CommitResult> DestroyAsync(SessionKey key, StoreDeadline deadline = default)
    {
        for (var followed = 0; ; followed++)
        {
            var ended = local.Ends.TryFind(key, out var end, out _)
                ? CommitResult.AlreadyEnded with
                {
                    MovedTo = end.Successor,
                }
                : await EndAsync(key, new SessionEnd(clock.Next()), deadline).ConfigureAwait(false);
            if (
                ended is not { Outcome: CommitOutcome.AlreadyEnded, MovedTo: { IsOthers: false } successor }
                || followed == MaxSuccessors
            )
            {
                return ended;
            }

            key = successor.Key;
        }
    }

    /// <summary>
    /// Ends a session because it is idle: a request that still runs finds that when it commits, and
    /// no later one opens the session again. <see cref="CommitOutcome.ChangedByOthers"/> if
    /// somebody has committed to it meanwhile; then it lives on.
    /// </summary>
    public async ValueTask<CommitResult> ExpireAsync(SessionKey key, SessionVersion expected, StoreDeadline deadline)
    {
        if (local.Ends.Contains(key))
        {
            return CommitResult.AlreadyEnded;
        }

        clock.Observe(expected);
        return await EndAsync(key, new SessionEnd(clock.Next(), MustBe: expected), deadline).ConfigureAwait(false);
    }

    /// <summary>
    /// Ends a session that goes on under another key. What others have committed to it meanwhile is
    /// first carried over to the successor.
    /// </summary>
    /// <param name="key">Which session.</param>
    /// <param name="copied">What the successor was made of.</param>
    /// <param name="successor">Under what it goes on, stored already.</param>
    /// <param name="deadline">
    /// Until when it is tried. If the store does not take the end by then, the journal keeps it
    /// (<see cref="CommitOutcome.EndKept"/>). If others have committed meanwhile, nothing has
    /// ended.
    /// </param>
    public async ValueTask<CommitResult> EndRotatedAsync(
        SessionKey key,
        SessionRecord copied,
        SessionSuccessor successor,
        StoreDeadline deadline = default
    )
    {
        if (local.Ends.TryFind(key, out var known, out _))
        {
            return CommitResult.AlreadyEnded with { MovedTo = known.Successor };
        }

        var expected = successor.IsOthers ? SessionVersion.None : copied.Version;
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var ended = await EndAsync(key, new SessionEnd(clock.Next(), successor, expected), deadline)
                .ConfigureAwait(false);
            if (ended.Outcome != CommitOutcome.ChangedByOthers)
            {
                return ended;
            }

            if (deadline.IsOver)
            {
                // An end that waits in the journal would pass over what others have committed.
                return CommitResult.Unavailable(StoreFailure.Unreachable);
            }

            var read = await store.ReadAsync(key, expected, deadline).ConfigureAwait(false);
            if (read.Outcome == StoreReadOutcome.Unavailable)
            {
                return CommitResult.Unavailable(read.Failure);
            }

            if (read.Outcome == StoreReadOutcome.Found)
            {
                var committed = read.Record!;
                if (
                    await repair.RecoverAsync(successor.Key, committed, stored: null, deadline).ConfigureAwait(false)
                        is { IsComplete: false }
                    && journal.AppendCopy(successor.Key, committed, StoreFailure.Unknown) is null
                )
                {
                    // What others have committed is in the old session only, which must not end
                    // then.
                    return CommitResult.Unavailable(StoreFailure.Unknown);
                }

                expected = committed.Version;
            }
        }

        // Others commit faster than this node can carry that over.
        return CommitResult.Unavailable(StoreFailure.Refused);
    }

    /// <summary>
    /// <see cref="CommitOutcome.ChangedByOthers"/> where the stored record has not the expected
    /// version.
    /// </summary>
    private async ValueTask<CommitResult> EndAsync(SessionKey key, SessionEnd end, StoreDeadline deadline)
    {
        var answer = await store.DestroyAsync(key, end, lifetime.TombstoneLife, deadline).ConfigureAwait(false);
        clock.Observe(answer.Previous);
        if (answer.Outcome == WriteOutcome.Superseded)
        {
            return CommitResult.ChangedByOthers;
        }

        if (answer.Outcome == WriteOutcome.Unavailable && !journal.AppendEnd(key, end))
        {
            return CommitResult.Unavailable(answer.Failure);
        }

        local.End(key, answer.Successor is null ? end : end with { Successor = answer.Successor });
        if (answer.Lease.IsLost)
        {
            journal.AppendEnd(key, end);
        }

        return answer.Outcome switch
        {
            WriteOutcome.Destroyed => CommitResult.AlreadyEnded with { MovedTo = answer.Successor },
            WriteOutcome.Unavailable => CommitResult.EndKept,
            _ => new CommitResult(CommitOutcome.Committed, null, true, StoreFailure.None),
        };
    }
}
