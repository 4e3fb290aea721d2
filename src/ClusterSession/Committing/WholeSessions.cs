using ClusterSession.Diagnostics;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Committing;

/// <summary>
/// Stores whole sessions: one that begins, and one that the store has lost while a request changed
/// it. A session that begins is not kept in the journal: nobody has its cookie yet, and only the
/// store can say whether its id is taken. Thread-safe.
/// </summary>
internal sealed class WholeSessions(
    StoreGuard store,
    NodeSessions local,
    PendingCommits pendingCommits,
    CommittedCopies copies,
    VersionIssuer versions,
    CommitTerms terms,
    ILogger<WholeSessions> logger
)
{
    /// <summary>Stores a session that was never stored.</summary>
    public ValueTask<CommitResult> CreateAsync(
        SessionKey key,
        SessionRecord record,
        SessionDelta delta,
        SessionDurability durability,
        StoreDeadline deadline
    )
    {
        versions.Observe(record.Version);
        var version = versions.Next(key, record.Version);
        return StoreAsync(key, delta.ApplyTo(record, version), MergeMode.Create, durability, deadline);
    }

    /// <summary>
    /// Stores a session again that the store has lost, with what was changed since.
    /// </summary>
    public ValueTask<CommitResult> RestoreAsync(
        SessionKey key,
        SessionRecord record,
        SessionDurability durability,
        StoreDeadline deadline
    ) => StoreAsync(key, record, MergeMode.Restore, durability, deadline);

    private async ValueTask<CommitResult> StoreAsync(
        SessionKey key,
        SessionRecord record,
        MergeMode mode,
        SessionDurability durability,
        StoreDeadline deadline
    )
    {
        // The record's own version, which is among its commits already: the first attempt issues
        // none.
        var version = new IssuedVersion(record.Version, IssuedVersion.Unknown);
        for (var attempt = 0; ; attempt++)
        {
            var mark = local.Copies.Mark(key);
            var sent = terms.MergeOf(record, version, mode, durability, deadline);
            var answer = await store.MergeAsync(key, sent, deadline).ConfigureAwait(false);
            versions.Observe(answer.Previous);
            versions.Withdraw(key, version, !answer.MayHaveHappened);
            switch (answer.Outcome)
            {
                case WriteOutcome.Superseded when attempt < CommitTerms.MaxRetries:
                    version = versions.Next(key, answer.Previous > record.Version ? answer.Previous : record.Version);
                    continue;
                case WriteOutcome.Committed or WriteOutcome.Unchanged:
                    terms.Check(durability, answer.Replicas);
                    var isComplete = answer.Outcome == WriteOutcome.Committed && answer.Previous.IsNone;
                    if (mode == MergeMode.Restore)
                    {
                        local.Recovered(key, record, isComplete, answer.Previous);
                        if (local.Ends.Contains(key))
                        {
                            return CommitResult.AlreadyEnded; // Heard of meanwhile: it is ended again.
                        }
                    }

                    return copies.Publish(key, record, answer, isComplete, mark);
                case WriteOutcome.Collision:
                    logger.KeyCollision();
                    return CommitResult.Collision;
                case WriteOutcome.Destroyed:
                    local.Copies.Drop(key);
                    return CommitResult.AlreadyEnded;
                default:
                    return mode == MergeMode.Restore && !answer.Failure.IsOfRecord()
                        ? pendingCommits.KeepCopy(key, record, answer.Failure)
                        : CommitResult.Unavailable(answer.Failure);
            }
        }
    }
}
