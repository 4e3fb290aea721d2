using System.Collections.Concurrent;
using ClusterSession.Diagnostics;
using ClusterSession.Lifetime;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Revoking;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Recovery;

/// <summary>
/// Replays to a partition of the store what it may lack: the ends, commits and copies that this
/// node has of the sessions in that partition. The rate is bounded.
/// </summary>
/// <remarks>
/// <code>
/// the store, or the session there  what becomes of what is sent
///
/// not responding                -> the journal, which sends it when the store responds; without
///                                  room there, a commit or copy is retried from here
/// lacks another node's commit   -> a deferred replay: tried again for some rounds (<see
///                                  cref="ReplayDeferredAsync"/>)
/// ended, and goes on elsewhere  -> the same under the successor's key
/// </code>
/// A client knows a session by its newest commit, and anyone who finds this commit in the store
/// takes the record for all of the session. So a commit that was made on another node's commit must
/// not come back before that one. If this node still has its local copy, that has both commits, and
/// is sent. If not, the commit waits until the other node's is there. Only the lanes of
/// <see cref="StoreRecovery"/> use this, each for its partition. <see cref="SkipDelays"/> and
/// <see cref="SendEndAsync"/> may be called by others too.
/// </remarks>
internal sealed class StoreReplay(
    StoreGuard store,
    NodeSessions local,
    CommitJournal journal,
    Revocations revocations,
    VersionIssuer versions,
    SessionLifetime lifetime,
    IOptions<ClusterSessionOptions> options,
    TimeProvider time,
    SessionMetrics metrics,
    ILogger<StoreReplay> logger
)
{
    private const int AtOnce = 64;
    private const int DeferredRounds = 4;
    private const int MaxSuccessors = 4;
    private static readonly TimeSpan FirstDeferredPause = TimeSpan.FromMilliseconds(125);

    private readonly PartitionTable<ConcurrentDictionary<SessionKey, DeferredReplay>> _deferred = new(static () =>
        new()
    );
    private readonly TaskCompletionSource _skipping = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _hasDropped;

    /// <summary>
    /// How long a deferred replay waits for what is to come first, while the store answers.
    /// </summary>
    public static TimeSpan LongestWait => ((1 << DeferredRounds) - 1) * FirstDeferredPause;

    /// <summary>
    /// Whether something was dropped: it could not be replayed, and the journal had no room for it.
    /// </summary>
    public bool HasDropped => _hasDropped;

    private bool SkipsDelays => _skipping.Task.IsCompleted;

    /// <summary>
    /// No pauses from now on, and nothing waits for other nodes: this one shuts down.
    /// </summary>
    public void SkipDelays() => _skipping.TrySetResult();

    /// <summary>Pauses, unless the node shuts down.</summary>
    public async Task PauseAsync(TimeSpan pause, CancellationToken stopping)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        await Task.WhenAny(_skipping.Task, Task.Delay(pause, time, over.Token)).ConfigureAwait(false);
        await over.CancelAsync().ConfigureAwait(false);
        stopping.ThrowIfCancellationRequested();
    }

    /// <summary>The ends of sessions that were acknowledged after a timestamp.</summary>
    public Task ReplayEndsAsync(int partition, long since, CancellationToken stopping) =>
        ForAllAsync(
            partition,
            local.Ends.Own(since).Where(end => IsIn(partition, end.Key)),
            end => SendEndAsync(end.Key, end.Value),
            stopping
        );

    /// <summary>The commits that were acknowledged after a timestamp.</summary>
    public Task ReplayCommitsAsync(int partition, long since, CancellationToken stopping) =>
        ForAllAsync(
            partition,
            local.Recent.Since(since).Where(commit => IsIn(partition, commit.Key)),
            commit => SendCommitAsync(partition, commit.Key, commit.Value),
            stopping
        );

    /// <summary>All local copies that nobody else is known to have changed.</summary>
    public Task ReplayCopiesAsync(int partition, CancellationToken stopping) =>
        ForAllAsync(
            partition,
            local.Copies.All().Where(copy => copy.Value.IsCurrent && IsIn(partition, copy.Key)),
            copy =>
                SendAsync(
                    partition,
                    copy.Key,
                    copy.Value.Record,
                    copy.Value.LastUse,
                    SessionVersion.None,
                    // If others change it meanwhile, it is merged only into one that is there.
                    mustBeThere: () => !copy.Value.IsCurrent
                ),
            stopping
        );

    /// <summary>
    /// Replays the commits that wait for another node, for one of two reasons. Either the commit
    /// was based on a commit of the other node, and the store lacks that one. Or the store lacks
    /// the session, and the other node has changed it after this commit, perhaps ended it. In both
    /// cases the other node replays its commit, or has ended the session. As soon as the store has
    /// that node's commit, the commit of this node is merged into the record. If nobody has brought
    /// it after some rounds in which the store has answered, that node is gone, and the commit is
    /// stored as it was here. Should the store be replaced meanwhile, the commit is among what is
    /// replayed to the next one.
    /// </summary>
    /// <param name="partition">The partition.</param>
    /// <param name="isReplaced">Whether another server has taken over meanwhile.</param>
    /// <param name="stopping">Ends it.</param>
    public async Task ReplayDeferredAsync(int partition, Func<bool> isReplaced, CancellationToken stopping)
    {
        var waiting = _deferred.Of(partition);
        for (var round = 0; !waiting.IsEmpty && !isReplaced(); round++)
        {
            await PauseAsync(FirstDeferredPause * (1 << Math.Min(round, DeferredRounds - 1)), stopping)
                .ConfigureAwait(false);
            var deferred = waiting.ToArray();
            waiting.Clear();
            await ForAllAsync(
                    partition,
                    deferred,
                    deferred => SendDeferredAsync(partition, deferred.Key, deferred.Value),
                    stopping
                )
                .ConfigureAwait(false);
        }
    }

    private bool IsIn(int partition, SessionKey key) => store.PartitionOf(key) == partition;

    private Task<bool?> SendDeferredAsync(int partition, SessionKey key, DeferredReplay deferred)
    {
        var isLast = deferred.Rounds + 1 >= DeferredRounds || SkipsDelays;
        return SendAsync(
            partition,
            key,
            deferred.Record,
            deferred.UsedAt,
            isLast ? SessionVersion.None : deferred.Lacking,
            mustBeThere: () => !isLast,
            deferred.Rounds + 1
        );
    }

    /// <summary>Gives up what is waiting.</summary>
    public void Forget(int partition) => _deferred.Of(partition).Clear();

    /// <summary>
    /// Replays in batches, at a bounded rate; each replay says true if the store lacked something
    /// and has it now, null if the store did not take it, else false. What is
    /// not answered goes to the journal, or to the deferred replays (<see
    /// cref="ReplayDeferredAsync"/>).
    /// </summary>
    private async Task ForAllAsync<T>(
        int partition,
        IEnumerable<KeyValuePair<SessionKey, T>> all,
        Func<KeyValuePair<SessionKey, T>, Task<bool?>> replay,
        CancellationToken stopping
    )
    {
        using var activity = SessionActivities.Replaying();
        int replayed = 0,
            restored = 0,
            failed = 0;
        var pause = TimeSpan.FromSeconds((double)AtOnce / options.Value.Outage.ReplayPerSecond);
        foreach (var batch in all.Chunk(AtOnce))
        {
            if (store.IsGivenUp(partition))
            {
                // Else all the rest would go to the journal at once.
                await PauseAsync(options.Value.Outage.ProbeInterval, stopping).ConfigureAwait(false);
            }

            var begun = time.GetTimestamp();
            var sent = batch.Select(one => TryAsync(replay(one), one.Key));
            foreach (var outcome in await Task.WhenAll(sent).ConfigureAwait(false))
            {
                replayed++;
                restored += outcome == true ? 1 : 0;
                failed += outcome is null ? 1 : 0;
            }

            var left = pause - time.GetElapsedTime(begun);
            if (left > TimeSpan.Zero)
            {
                await PauseAsync(left, stopping).ConfigureAwait(false);
            }
        }

        SessionActivities.Replayed(activity, replayed, restored, failed);
        if (replayed > 0)
        {
            metrics.Replayed.Add(replayed, SessionMetrics.PartitionTag(store.NameOf(partition)));
            logger.ReplayDone(replayed, restored, failed);
        }
    }

    /// <summary>
    /// One record that this version of the code fails on must not end what is done for all others.
    /// </summary>
    private async Task<bool?> TryAsync(Task<bool?> replay, SessionKey key)
    {
        try
        {
            return await replay.ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // Whatever it is, it is of this record.
            store.ReportDamage(key, failure);
            return false;
        }
    }

    /// <summary>
    /// Ends a session in the store again, or keeps that for the journal. Thread-safe.
    /// </summary>
    /// <returns>Whether the store still had the session, and has ended it now; null if it did not
    /// take the end.</returns>
    public async Task<bool?> SendEndAsync(SessionKey key, SessionEnd end)
    {
        var answer = await store.DestroyAsync(key, end, lifetime.TombstoneLife).ConfigureAwait(false);
        if (answer.Outcome == WriteOutcome.Unavailable)
        {
            if (!journal.AppendEnd(key, end))
            {
                _hasDropped = true;
            }

            return null;
        }

        local.Ends.Acknowledged(key); // If this server fails too, the end is replayed again.
        return answer is { Outcome: WriteOutcome.Committed, Previous.IsNone: false };
    }

    private Task<bool?> SendCommitAsync(int partition, SessionKey key, RecentCommit commit) =>
        local.Copies.TryGet(key, out var copy) && copy.IsComplete && copy.Record.ContainsAllOf(commit.Record)
            ? SendAsync(partition, key, copy.Record, copy.LastUse, SessionVersion.None, () => commit.IsOutdated)
            : SendAsync(
                partition,
                key,
                commit.Record,
                local.Copies.Clock.At(commit.At),
                commit.IsDiverged ? commit.LackedVersion : SessionVersion.None,
                () => commit.IsOutdated
            );

    /// <summary>
    /// Replays one record. True if the store lacked something that it has now. Null if it did not
    /// respond, or refused for another reason than damage. Else false.
    /// </summary>
    /// <param name="partition">The partition, to which what it may lack is replayed.</param>
    /// <param name="key">Which session.</param>
    /// <param name="record">What this node has of it.</param>
    /// <param name="usedAt">The last use that this node knows of, on the coarse clock.</param>
    /// <param name="lacking">What another node had committed before and the record lacks: the store
    /// must have it first.</param>
    /// <param name="mustBeThere">Whether it is merged only into a session that is there, and not
    /// stored where the store has none: somebody else has changed the session since, and may have
    /// ended it.</param>
    /// <param name="rounds">How often the store has answered that it lacks what the record is to be
    /// merged into.</param>
    private async Task<bool?> SendAsync(
        int partition,
        SessionKey key,
        SessionRecord record,
        int usedAt,
        SessionVersion lacking,
        Func<bool> mustBeThere,
        int rounds = 0
    )
    {
        if (local.Ends.Contains(key) || lifetime.IsPastAbsoluteEnd(record) || revocations.HaveEnded(record))
        {
            return false;
        }

        // Being replayed does not count as a use: the session lives no longer for that.
        usedAt = local.Copies.TryGet(key, out var copy) ? Math.Max(usedAt, copy.LastUse) : usedAt;
        var life = lifetime.LifeLeft(record, usedAt, local.Copies.Clock.Now);
        var above = record.Version;
        var successors = 0;
        while (true)
        {
            var issued = versions.Next(key, above);
            var mode = mustBeThere() || !lacking.IsNone ? MergeMode.Amend : MergeMode.Restore;
            var sent = new SessionMerge(
                record,
                issued.Version,
                mode,
                life,
                MustContain: lacking,
                PreviousStamp: issued.PreviousStamp,
                UnusedStamps: issued.UnusedStamps
            );
            var answer = await store.MergeAsync(key, sent).ConfigureAwait(false);
            versions.Observe(answer.Previous);
            versions.Withdraw(key, issued, !answer.MayHaveHappened);
            switch (answer.Outcome)
            {
                case WriteOutcome.Superseded when !issued.AreStampsRunningOut:
                    above = answer.Previous > above ? answer.Previous : above;
                    continue;
                case WriteOutcome.Unchanged:
                    return false;
                case WriteOutcome.Unavailable when answer.Failure == StoreFailure.Damaged:
                    return false; // Nor would the journal bring it there.
                case WriteOutcome.Unavailable when !lacking.IsNone && !SkipsDelays && !answer.Failure.IsOfRecord():
                    // Not to the journal, which does not wait for what is lacking.
                    DeferAgain(partition, key, new DeferredReplay(record, usedAt, lacking, rounds));
                    return null;
                case WriteOutcome.Unavailable: // What is too large now is set aside there, and named.
                    if (
                        journal.AppendCopy(key, record, answer.Failure, answer.MayHaveHappened ? issued : default)
                        is null
                    )
                    {
                        // Tried again from here.
                        DeferAgain(partition, key, new DeferredReplay(record, usedAt, SessionVersion.None, rounds));
                    }

                    return null;
                case WriteOutcome.Committed:
                    versions.Withdraw(key, issued, answer.Previous.IsNone); // Stored as it is, under its own version.
                    // Committed now: if this server fails too, it is replayed again.
                    local.Recovered(key, record, isComplete: record.Contains(answer.Previous), answer.Previous);
                    metrics.Lost.Add(1); // It was lost, and is back.
                    metrics.Forks.Add(answer.Previous.IsNone || record.Contains(answer.Previous) ? 0 : 1);
                    // The stored record has a new version now, and a connection's own write is not
                    // announced to it.
                    local.Copies.OnChanged(key);
                    return true;
                case WriteOutcome.Destroyed:
                    local.Copies.Drop(key);
                    if (
                        successors++ < MaxSuccessors
                        && answer.Successor is { IsOthers: false } successor
                        && record.Version < answer.Previous
                    )
                    {
                        key = successor.Key; // It goes on under another id, and may lack there what was lost here.
                        continue;
                    }

                    return false;
                case WriteOutcome.Missing when life > TimeSpan.Zero:
                    _deferred.Of(partition)[key] = new DeferredReplay(record, usedAt, lacking, rounds);
                    return false;
                default:
                    return false;
            }
        }
    }

    /// <summary>
    /// Tried again, and the round does not count: nothing was said of what is lacking. A node that
    /// shuts down tries nothing again.
    /// </summary>
    private void DeferAgain(int partition, SessionKey key, DeferredReplay deferred)
    {
        if (SkipsDelays)
        {
            _hasDropped = true;
        }
        else
        {
            _deferred.Of(partition)[key] = deferred with { Rounds = Math.Max(0, deferred.Rounds - 1) };
        }
    }

    private readonly record struct DeferredReplay(SessionRecord Record, int UsedAt, SessionVersion Lacking, int Rounds);
}
