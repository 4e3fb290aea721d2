using System.Runtime.CompilerServices;
using ClusterSession.Diagnostics;
using ClusterSession.Lifetime;
using ClusterSession.Local;
using ClusterSession.Principals;
using ClusterSession.Records;
using ClusterSession.Recovery;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Committing;

/// <summary>
/// Brings a request's changes to the store, and this node's copy up to what the store then has.
/// </summary>
/// <remarks>
/// <para>
/// After a commit whose base was still the stored version, base plus changes is what the store has,
/// and becomes the local copy. Otherwise others committed in between: the commit stands, but a copy
/// made of this base would have the newest version and lack their changes, so the local copy is
/// read anew before it serves again.
/// </para>
/// <para>
/// A commit that is not answered, or is refused for another reason than its own record, goes to the
/// journal. Its attributes keep the version they were sent with, so that they count once, whether
/// it had happened or not; the state that is kept gets a newer one. A new session is not
/// journalled: nobody has its cookie yet, and nobody could find a collision of its id.
/// </para>
/// <para>A commit that was acknowledged over a connection which is gone by now goes to the journal
/// too: the replay that the loss has begun may have passed it by. Thread-safe.</para>
/// </remarks>
internal sealed class SessionCommitter(
    StoreGuard store,
    NodeSessions local,
    PendingCommits pendingCommits,
    SessionRepair repair,
    VersionIssuer versions,
    SessionLifetime lifetime,
    ReplicaWait replicas,
    IOptions<ClusterSessionOptions> options,
    TimeProvider time,
    SessionMetrics metrics,
    LossLog losses,
    ILogger<SessionCommitter> logger
)
{
    private const int MaxRetries = 8;

    /// <summary>
    /// A client has seen this version: later commits to the session get newer ones, so that it does
    /// not win over them.
    /// </summary>
    public void Observe(SessionKey key, SessionVersion seen) => versions.Observe(key, seen);

    /// <summary>Commits what a request changed.</summary>
    /// <param name="key">Which session.</param>
    /// <param name="record">What the request opened, or what its last commit made of that.</param>
    /// <param name="isComplete">
    /// Whether the record is all of the session. After a commit that others had overtaken, the
    /// stored record under this version has their changes, and this one has not: what is committed
    /// on top of it must not become the local copy.
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

    /// <summary>
    /// Whether what is pending of it is refused because of its own record: more of it is not
    /// acknowledged.
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
            return CommitResult.Unavailable(StoreFailure.TooLarge); // Made on another record.
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

            // Less of it may be taken: what is removed goes along.
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
            var change = ChangeOf(record, versions.Next(key, above), delta, durability, deadline);
            var answer = await store.CommitAsync(key, change, deadline, out var partition).ConfigureAwait(false);
            store.Judge(partition, key, answer);

            versions.Observe(answer.Previous);
            switch (answer.Outcome)
            {
                case WriteOutcome.Superseded when VersionIssuer.AreStampsRunningOut(answer.Previous):
                    versions.Withdraw(key, change.Issued);
                    return CommitResult.Unavailable(StoreFailure.Refused); // As in CommitAsync: no stamps are left.
                case WriteOutcome.Superseded when attempt < MaxRetries:
                    versions.Withdraw(key, change.Issued);
                    above = answer.Previous;
                    continue;
                case WriteOutcome.Committed when answer.IsBaseMissing:
                    return await SendMissingBaseAsync(key, record, delta, change.Issued, answer.Previous, deadline)
                        .ConfigureAwait(false);
                case WriteOutcome.Committed:
                    replicas.Check(replicas.CountFor(durability), answer.Replicas);
                    return Committed(
                        key,
                        delta.ApplyTo(record, change),
                        answer,
                        isComplete && answer.Previous == record.Version,
                        mark
                    );
                case WriteOutcome.Missing:
                    losses.LostSession();
                    var whole = delta.ApplyTo(local.WithCommitsBeside(key, record), change.Issued);
                    whole = whole.Version == change.Version ? whole : versions.Renew(key, whole);
                    return await StoreWholeAsync(key, whole, MergeMode.Restore, durability, deadline)
                        .ConfigureAwait(false);
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

    private SessionChange ChangeOf(
        SessionRecord record,
        IssuedVersion version,
        SessionDelta delta,
        SessionDurability durability,
        in StoreDeadline deadline
    ) =>
        new(
            record.Version,
            version.Version,
            delta,
            Tombstones.ToForget(record, delta),
            lifetime.StoreLifeOf(record, delta, out var least),
            least,
            replicas.CountFor(durability),
            replicas.TimeoutFor(durability, deadline),
            PreviousStamp: version.PreviousStamp,
            Opened: record,
            UnusedStamps: version.UnusedStamps,
            MaxBytes: options.Value.MaxSessionBytes
        );

    /// <summary>Stores a session that was never stored.</summary>
    public ValueTask<CommitResult> CreateAsync(
        SessionKey key,
        SessionRecord record,
        SessionDelta delta,
        SessionDurability durability,
        StoreDeadline deadline = default
    )
    {
        versions.Observe(record.Version);
        var version = versions.Next(key, record.Version);
        return StoreWholeAsync(key, delta.ApplyTo(record, version), MergeMode.Create, durability, deadline);
    }

    private async ValueTask<CommitResult> StoreWholeAsync(
        SessionKey key,
        SessionRecord record,
        MergeMode mode,
        SessionDurability durability,
        StoreDeadline deadline
    )
    {
        // Among the commits of the record already.
        var version = new IssuedVersion(record.Version, IssuedVersion.Unknown);
        for (var attempt = 0; ; attempt++)
        {
            var mark = local.Copies.Mark(key);
            var copy = new SessionMerge(
                record,
                version.Version,
                mode,
                lifetime.StoreLifeOf(record),
                replicas.CountFor(durability),
                replicas.TimeoutFor(durability, deadline),
                PreviousStamp: version.PreviousStamp,
                UnusedStamps: version.UnusedStamps
            );
            var answer = await store.MergeAsync(key, copy, deadline).ConfigureAwait(false);
            versions.Observe(answer.Previous);
            versions.Withdraw(key, version, !answer.MayHaveHappened);
            switch (answer.Outcome)
            {
                case WriteOutcome.Superseded when attempt < MaxRetries:
                    version = versions.Next(key, answer.Previous > record.Version ? answer.Previous : record.Version);
                    continue;
                case WriteOutcome.Committed or WriteOutcome.Unchanged:
                    replicas.Check(copy.Replicas, answer.Replicas);
                    var isComplete = answer.Outcome == WriteOutcome.Committed && answer.Previous.IsNone;
                    if (mode == MergeMode.Restore)
                    {
                        local.Recovered(key, record, isComplete, answer.Previous);
                        if (local.Ends.Contains(key))
                        {
                            return CommitResult.AlreadyEnded; // Heard of meanwhile: it is ended again.
                        }
                    }

                    return Committed(key, record, answer, isComplete, mark);
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

    /// <summary>
    /// The store had lost what the request opened, and now has a record with the newest version
    /// that lacks it: the whole copy follows before that version is shown to any client.
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

    private CommitResult Committed(
        SessionKey key,
        SessionRecord changed,
        in StoreWrite answer,
        bool isComplete,
        int mark
    )
    {
        var known = local.Recent.Add(key, changed, isComplete, answer.Previous);
        metrics.Committed.Add(1);
        if (answer.Lease.IsLost)
        {
            return pendingCommits.KeepCopy(key, changed, StoreFailure.None);
        }

        if (known.IsComplete)
        {
            local.Copies.Publish(key, known.Record, answer.Lease, mark, local.Copies.Clock.Now, isCommit: true);
            return known.Record.Version == changed.Version
                ? CommitResult.Committed(known.Record, isComplete: true)
                // A later commit was heard of first; this request names its own.
                : CommitResult.Committed(changed, isComplete: false);
        }

        // Read anew at once, not by the next request: that one may come when the store gives no
        // answer. It may give none now either: then this node goes on with what it has.
        local.Copies.PutIncomplete(key, known.Record, known.IsDiverged, isCommit: true);
        _ = repair.ReadAnewAsync(key);
        return CommitResult.Committed(changed, isComplete: false);
    }
}
