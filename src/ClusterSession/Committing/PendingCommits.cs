using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Recovery;
using ClusterSession.Stores;

namespace ClusterSession.Committing;

/// <summary>
/// Commits that the store has not taken, or may not have taken: acknowledged because they are in
/// the journal, and sent from there. Thread-safe.
/// </summary>
internal sealed class PendingCommits(CommitJournal journal, JournalSender sender)
{
    /// <summary>Keeps a commit that is sent later.</summary>
    public CommitResult Keep(
        SessionKey key,
        SessionRecord record,
        bool isComplete,
        SessionDelta delta,
        IssuedVersion version,
        StoreFailure failure
    ) => Keep(key, record, isComplete, delta, version, failure, failure.IsUncertain());

    /// <summary>
    /// Keeps a commit and sends it at once; if that is not answered, it stays in the journal.
    /// </summary>
    public async ValueTask<CommitResult> KeepAndSendAsync(
        SessionKey key,
        SessionRecord record,
        bool isComplete,
        SessionDelta delta,
        IssuedVersion version,
        StoreFailure failure,
        bool mayBeStored,
        StoreDeadline deadline
    )
    {
        var kept = Keep(key, record, isComplete, delta, version, failure, mayBeStored);
        if (kept.Outcome == CommitOutcome.Committed)
        {
            await sender.SendAsync(key, deadline).ConfigureAwait(false);
        }

        return kept;
    }

    /// <summary>Keeps a whole session that is sent later.</summary>
    public CommitResult KeepCopy(SessionKey key, SessionRecord record, StoreFailure failure) =>
        Kept(journal.AppendCopy(key, record, failure), failure);

    /// <summary>Sends what is kept of a session.</summary>
    /// <returns>Whether the store has all of it.</returns>
    public ValueTask<bool> SendAsync(SessionKey key, StoreDeadline deadline) => sender.SendAsync(key, deadline);

    private CommitResult Keep(
        SessionKey key,
        SessionRecord record,
        bool isComplete,
        SessionDelta delta,
        IssuedVersion version,
        StoreFailure failure,
        bool mayBeStored
    ) =>
        Kept(
            journal.Append(key, record, isComplete, delta, version, failure, mayBeStored, out var isTooLarge),
            isTooLarge ? StoreFailure.TooLarge : failure
        );

    private static CommitResult Kept(SessionRecord? kept, StoreFailure failure) =>
        kept is not null
            ? CommitResult.Committed(kept, isComplete: false)
            : CommitResult.Unavailable(failure == StoreFailure.None ? StoreFailure.Refused : failure);
}
