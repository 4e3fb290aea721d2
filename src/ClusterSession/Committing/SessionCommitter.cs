using System.Runtime.CompilerServices;
using ClusterSession.Diagnostics;
using ClusterSession.Local;
using ClusterSession.Principals;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using Microsoft.Extensions.Options;

namespace ClusterSession.Committing;

/// <summary>
/// Brings the changes of a request to the store. Thread-safe.
/// </summary>
/// <remarks>
/// <code>
/// before, as this node knows it               the changes
/// ------------------------------------------  -----------------------------------------------
/// it has ended                                dropped
/// it goes on under another id                 committed there for the same person, else refused;
///                                               dropped, if they only record a principal
/// no stamps are left for greater versions     refused
/// durability Local                            kept in the journal; refused if the store refuses
///                                               the commits that are pending there
/// commits to it are pending                   sent, after the pending ones, if the store takes
///                                               those; refused, if it refuses them because of the
///                                               record; else kept in the journal
/// else                                        sent
///
/// what the store says to that                 the changes
/// ------------------------------------------  -----------------------------------------------
/// committed                                   are in this node's copy too (CommittedCopies)
/// committed, but the store lacks the base     kept in the journal, and sent at once with the
///                                               whole session
/// superseded by a newer version               sent again, under one that is newer still; after
///                                               eight times kept in the journal; refused, if the
///                                               newer version's stamp is near the greatest
///                                               possible one
/// missing                                     the whole session is stored (WholeSessions)
/// destroyed                                   as in the first two rows of the first table
/// refused because of the session's record     refused: sent again later, they would be too
/// refused for another reason, or not known    kept in the journal
/// </code>
/// A commit in the journal may have reached the store before. So its attributes keep the version
/// that they were sent with: where the store has them already, a merge finds them equal. A newer
/// version is given to the record as a whole only.
/// </remarks>
internal sealed class SessionCommitter(
    StoreGuard store,
    NodeSessions local,
    PendingCommits pendingCommits,
    WholeSessions wholeSessions,
    CommittedCopies copies,
    VersionIssuer versions,
    CommitTerms terms,
    IOptions<ClusterSessionOptions> options,
    TimeProvider time,
    LossLog losses
)
{
    /// <summary>Commits what a request changed.</summary>
    /// <param name="key">Which session.</param>
    /// <param name="record">What the request opened, or what its last commit made of that.</param>
    /// <param name="isComplete">
    /// Whether the record is all that the store has under the record's version. It is not if the
    /// store has put an earlier commit of this request on top of another request's commit: then it
    /// has the changes of both, and this record lacks the other's. What is committed on top of such
    /// a record must not become the local copy.
    /// </param>
    /// <param name="delta">The changes.</param>
    /// <param name="durability">When the commit counts as done.</param>
    /// <param name="deadline">Until when it is waited for; after that it is unknown what became of
    /// it, and it goes to the journal.</param>
    /// <param name="login">Who is logged in: what was meant for an id that was rotated goes to a
    /// successor that is theirs.</param>
    public ValueTask<CommitResult> CommitAsync(
        SessionKey key,
        SessionRecord record,
        bool isComplete,
        SessionDelta delta,
        SessionDurability durability,
        StoreDeadline deadline = default,
        SessionLogin? login = null
    )
    {
        if (local.Ends.TryFind(key, out var end, out _))
        {
            return end.Successor is { } successor
                ? CommitToSuccessorAsync(successor, delta, durability, deadline, login)
                : new(CommitResult.AlreadyEnded);
        }

        versions.Observe(record.Version);
        return VersionIssuer.AreStampsRunningOut(record.Version) ? new(CommitResult.Unavailable(StoreFailure.Refused))
            : durability == SessionDurability.Local && !IsRefused(key)
                ? new(
                    pendingCommits.Keep(
                        key,
                        record,
                        isComplete,
                        delta,
                        versions.Next(key, record.Version),
                        StoreFailure.None
                    )
                )
            : local.Pending.Contains(key)
                ? SendAfterPendingAsync(key, record, isComplete, delta, durability, deadline, login)
            : SendAsync(key, record, isComplete, delta, durability, deadline, login);
    }

    /// <inheritdoc cref="WholeSessions.CreateAsync"/>
    public ValueTask<CommitResult> CreateAsync(
        SessionKey key,
        SessionRecord record,
        SessionDelta delta,
        SessionDurability durability,
        StoreDeadline deadline = default
    ) => wholeSessions.CreateAsync(key, record, delta, durability, deadline);

    /// <summary>
    /// Whether the store refuses this session's record (damaged, too large), so that what is
    /// pending of it stays pending: then no commit is acknowledged before the store is asked again.
    /// </summary>
    private bool IsRefused(SessionKey key) => RefusalOf(key).IsOfRecord();

    private StoreFailure RefusalOf(SessionKey key) =>
        local.Pending.TryGet(key, out var pending) ? pending.Refusal : StoreFailure.None;

    /// <summary>
    /// The session was rotated while the request ran: what it changed belongs into the successor if
    /// the same person is logged in there. Else it is refused, and not dropped in silence: its
    /// client must be told.
    /// </summary>
    private async ValueTask<CommitResult> CommitToSuccessorAsync(
        SessionSuccessor successor,
        SessionDelta delta,
        SessionDurability durability,
        StoreDeadline deadline,
        SessionLogin? login
    )
    {
        if (delta.IsReservedOnly)
        {
            // A principal that was recorded, and nothing that the application changed.
            return CommitResult.AlreadyEnded;
        }

        var refused = CommitResult.Unavailable(StoreFailure.Refused);
        var read = await store.ReadAsync(successor.Key, SessionVersion.None, deadline).ConfigureAwait(false);
        if (read.Outcome != StoreReadOutcome.Found || login?.Owns(read.Record!) != true)
        {
            return read.Outcome == StoreReadOutcome.Unavailable
                ? CommitResult.Unavailable(StoreFailure.Unreachable)
                : refused;
        }

        if (delta.MakeTooLarge(read.Record!, options.Value.MaxSessionBytes))
        {
            return CommitResult.Unavailable(StoreFailure.TooLarge); // The delta was made on another record.
        }

        versions.Observe(read.Record!.Version);
        var committed = await SendAsync(
                successor.Key,
                read.Record,
                isComplete: true,
                delta,
                durability,
                deadline,
                login: null
            )
            .ConfigureAwait(false);
        return committed.Outcome switch
        {
            CommitOutcome.Committed => committed with { MovedTo = successor },
            CommitOutcome.AlreadyEnded => refused,
            _ => committed,
        };
    }

    private async ValueTask<CommitResult> SendAfterPendingAsync(
        SessionKey key,
        SessionRecord record,
        bool isComplete,
        SessionDelta delta,
        SessionDurability durability,
        StoreDeadline deadline,
        SessionLogin? login
    )
    {
        if (local.Pending.TryGet(key, out var pending) && pending.IsSetAside(time))
        {
            if (pending.Refusal != StoreFailure.TooLarge || !delta.IsRemovalOnly)
            {
                return CommitResult.Unavailable(pending.Refusal); // Not sent again with each request: it may be large.
            }

            // The store may take a smaller record: a commit that only removes goes along.
            var version = versions.Next(key, record.Version);
            return await pendingCommits
                .KeepAndSendAsync(
                    key,
                    record,
                    isComplete,
                    delta,
                    version,
                    StoreFailure.Refused,
                    mayBeStored: false,
                    deadline
                )
                .ConfigureAwait(false);
        }

        if (await pendingCommits.SendAsync(key, deadline).ConfigureAwait(false))
        {
            return await SendAsync(key, record, isComplete, delta, durability, deadline, login).ConfigureAwait(false);
        }

        return RefusalOf(key) is var refusal && refusal.IsOfRecord()
            ? CommitResult.Unavailable(refusal)
            : pendingCommits.Keep(
                key,
                record,
                isComplete,
                delta,
                versions.Next(key, record.Version),
                StoreFailure.Unreachable
            );
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<CommitResult> SendAsync(
        SessionKey key,
        SessionRecord record,
        bool isComplete,
        SessionDelta delta,
        SessionDurability durability,
        StoreDeadline deadline,
        SessionLogin? login
    )
    {
        var above = record.Version;
        for (var attempt = 0; ; attempt++)
        {
            var mark = local.Copies.Mark(key);
            var change = terms.ChangeOf(record, versions.Next(key, above), delta, durability, deadline);
            var answer = await store.CommitAsync(key, change, deadline, out var partition).ConfigureAwait(false);
            store.Judge(partition, key, answer); // A missing response counts against the partition.

            versions.Observe(answer.Previous);
            switch (answer.Outcome)
            {
                case WriteOutcome.Superseded when VersionIssuer.AreStampsRunningOut(answer.Previous):
                    versions.Withdraw(key, change.Issued);
                    return CommitResult.Unavailable(StoreFailure.Refused); // As in CommitAsync: no stamps are left.
                case WriteOutcome.Superseded when attempt < CommitTerms.MaxRetries:
                    // Not applied: the stored version is not older. Again, with one above that.
                    versions.Withdraw(key, change.Issued);
                    above = answer.Previous;
                    continue;
                case WriteOutcome.Committed when answer.IsBaseMissing:
                    return await SendMissingBaseAsync(key, record, delta, change.Issued, answer.Previous, deadline)
                        .ConfigureAwait(false);
                case WriteOutcome.Committed:
                    terms.Check(durability, answer.Replicas);
                    return copies.Publish(
                        key,
                        delta.ApplyTo(record, change),
                        answer,
                        isComplete && answer.Previous == record.Version,
                        mark
                    );
                case WriteOutcome.Missing:
                    losses.LostSession();
                    // With what other requests of this node have committed meanwhile.
                    var whole = delta.ApplyTo(local.WithCommitsBeside(key, record), change.Issued);
                    whole = whole.Version == change.Version ? whole : versions.Renew(key, whole);
                    return await wholeSessions.RestoreAsync(key, whole, durability, deadline).ConfigureAwait(false);
                case WriteOutcome.Destroyed when answer.Successor is { } successor:
                    local.Copies.Drop(key);
                    return await CommitToSuccessorAsync(successor, delta, durability, deadline, login)
                        .ConfigureAwait(false);
                case WriteOutcome.Destroyed:
                    local.Copies.Drop(key);
                    return CommitResult.AlreadyEnded;
                case WriteOutcome.Unavailable when answer.Failure.IsOfRecord():
                    versions.Withdraw(key, change.Issued);
                    return CommitResult.Unavailable(answer.Failure); // The journal could not bring it there either.
                default:
                    // Not taken, or not known whether. Also superseded at each attempt: others are
                    // faster than this request, and the journal merges the commit later.
                    return pendingCommits.Keep(key, record, isComplete, delta, change.Issued, answer.Failure);
            }
        }
    }

    /// <summary>
    /// The store had lost what the request opened, and applied the commit to what it had instead.
    /// Its record has the commit's version now, and lacks what was lost: the whole copy follows
    /// before that version is shown to any client.
    /// </summary>
    private async ValueTask<CommitResult> SendMissingBaseAsync(
        SessionKey key,
        SessionRecord record,
        SessionDelta delta,
        IssuedVersion version,
        SessionVersion previous,
        StoreDeadline deadline
    )
    {
        losses.LostCommit();
        var known = local.Recent.Add(key, delta.ApplyTo(record, version), isComplete: false, previous);
        local.Copies.PutIncomplete(key, known.Record, known.IsDiverged, isCommit: true);
        return await pendingCommits
            .KeepAndSendAsync(
                key,
                record,
                isComplete: false,
                delta,
                version,
                StoreFailure.None,
                mayBeStored: true,
                deadline
            )
            .ConfigureAwait(false);
    }
}
