using System.Collections.Concurrent;
using System.Threading.Channels;
using ClusterSession.Diagnostics;
using ClusterSession.Http.Cookies;
using ClusterSession.Sessions.Copies;
using ClusterSession.Sessions.Principals;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Sessions.Recovery;

/// <summary>
/// Hears of the store, and gives it back what it may have lost.
/// </summary>
/// <remarks>
/// <code>
/// the store is the same            the journal is sent
/// its recent history may be lost   + ends of all sessions of somebody, and of single ones that are in doubt first, so that nobody sees an ended session longer than must be;
///                                  then commits in doubt
/// everything may be lost           + key ring, and all copies that nobody else is known to have changed
/// </code>
/// Every step is a merge or an end, so any number of nodes may do it at once, and again. The rate is bounded, and nodes start at
/// different moments, because they all hear of a failover at the same one.
/// A client knows a session by its newest commit, and whoever finds that in the store takes it for all of the session. So a commit made on top of what another node had
/// committed must not come back before that: what is replayed is the local copy, which has both, and where there is none the commit waits for the other node's.
/// A node that shuts down gives back without any pause what it still has to, before the journal drains: its commits that the new server lacks are nowhere else.
/// </remarks>
internal sealed class StoreRecovery(
    StoreGuard store, LocalCopies copies, RecentCommits recent, CommitJournal journal, KeyRingSource keyRing, NotBefores notBefores, HybridClock clock, SessionLifetime lifetime,
    IOptions<ClusterSessionOptions> options, Random random, TimeProvider time, SessionMetrics metrics, ILogger<StoreRecovery> logger)
    : BackgroundService, ISessionObserver
{
    private const int AtOnce = 64;
    private const int MostAsked = 256;
    private static readonly TimeSpan MostJitter = TimeSpan.FromMilliseconds(200);
    private const int OrphanRounds = 4;
    private static readonly TimeSpan FirstOrphanPause = TimeSpan.FromMilliseconds(125);
    private static readonly TimeSpan RecoveringFor = TimeSpan.FromSeconds(30);

    /// <summary>Twice what the jitter and the rounds of orphans take: other nodes hear of the store a little later, and are as busy.</summary>
    private static readonly TimeSpan JustBegunFor = 2 * (MostJitter + (((1 << OrphanRounds) - 1) * FirstOrphanPause));

    private readonly Channel<StoreContinuity> _connected = Channel.CreateUnbounded<StoreContinuity>(new() { SingleReader = true });
    private readonly ConcurrentDictionary<SessionKey, Orphan> _orphans = new();
    private readonly TaskCompletionSource _shuttingDown = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Guards the two below.
    private readonly Lock _gate = new();
    private TaskCompletionSource? _settling;
    private int _underWay;

    private volatile bool _hasDropped;
    private long _replacedAt = long.MinValue;
    private long _lostAt = long.MinValue;

    /// <summary>Whether the store came back as another a short while ago, so that nodes are still giving it back what they have.</summary>
    public bool IsUnderWay => Volatile.Read(ref _replacedAt) is var at && at != long.MinValue && time.GetElapsedTime(at) < RecoveringFor;

    /// <summary>Whether it came back so recently that what is missing is more likely on its way than lost.</summary>
    public bool HasJustBegun => Volatile.Read(ref _replacedAt) is var at && at != long.MinValue && time.GetElapsedTime(at) < JustBegunFor;

    /// <summary>
    /// Whether the store may have lost the ends of sessions whose copies can still be in use. While it has not, a session that is missing was not ended:
    /// its tombstone would be there.
    /// </summary>
    public bool MayHaveLostEnds => Volatile.Read(ref _lostAt) is var at && at != long.MinValue && time.GetElapsedTime(at) < lifetime.TombstoneLife;

    public void OnChanged(SessionKey key)
    {
        copies.OnChanged(key);
        recent.OnChanged(key);
    }

    public void OnSharedChanged(string name)
    {
        if (name == NotBefores.SharedName)
        {
            notBefores.OnNews();
        }
    }

    public void OnConnected(StoreContinuity continuity)
    {
        store.Connected();
        notBefores.OnNews();
        journal.Wake();
        if (continuity.Loss != StoreLoss.None)
        {
            Volatile.Write(ref _lostAt, time.GetTimestamp());
            Volatile.Write(ref _replacedAt, time.GetTimestamp());
            lock (_gate)
            {
                if (_underWay++ == 0)
                {
                    _settling = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                }
            }

            _connected.Writer.TryWrite(continuity);
        }
    }

    /// <summary>Whether all that was heard of has been given back.</summary>
    public bool IsSettled => Volatile.Read(ref _underWay) == 0;

    /// <summary>
    /// The node shuts down: waits until the store answers, if this node has committed lately, and until that has been given back what it may lack. A store that gives no answer may be
    /// about to be replaced by one that lacks that; who has come instead is known before its first answer.
    /// </summary>
    /// <returns>False if that took too long, or something could not be kept until it was possible.</returns>
    public async Task<bool> SettleAsync(CancellationToken limit)
    {
        _shuttingDown.TrySetResult();
        try
        {
            while (recent.HasAny && !await AnswersAsync().ConfigureAwait(false))
            {
                await Task.Delay(options.Value.Outage.ProbeInterval, time, limit).ConfigureAwait(false);
            }

            Task settled;
            lock (_gate)
            {
                settled = _settling?.Task ?? Task.CompletedTask;
            }

            await settled.WaitAsync(limit).ConfigureAwait(false);
            return !_hasDropped;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Asked for sessions too, and for many: of a cluster one shard may answer and another not.</summary>
    private async Task<bool> AnswersAsync()
    {
        if (!(await store.ReadSharedAsync(NotBefores.SharedName).ConfigureAwait(false)).IsAnswered)
        {
            return false;
        }

        var reads = await Task.WhenAll(recent.Since(long.MinValue).Take(MostAsked).Select(commit => store.ReadAsync(commit.Key, commit.Value.Record.Version).AsTask())).ConfigureAwait(false);
        return Array.TrueForAll(reads, read => read.Outcome != StoreReadOutcome.Unavailable);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var continuity in _connected.Reader.ReadAllAsync(stoppingToken).ConfigureAwait(false))
            {
                await RecoverAsync(continuity, stoppingToken).ConfigureAwait(false);
                lock (_gate)
                {
                    if (--_underWay == 0)
                    {
                        _settling!.TrySetResult();
                    }
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // SettleAsync has waited before.
        }
    }

    private async Task RecoverAsync(StoreContinuity continuity, CancellationToken stopping)
    {
        logger.StoreReplaced(continuity.Loss);
        await notBefores.RestoreAsync().ConfigureAwait(false);
        var mayLackAnything = continuity.Loss is StoreLoss.Everything or StoreLoss.Moved;
        if (mayLackAnything)
        {
            await keyRing.RestoreAsync(stopping).ConfigureAwait(false);
            if (continuity.Loss == StoreLoss.Everything && options.Value.Outage.OnStoreReset == StoreResetPolicy.Discard)
            {
                Discard();
                return;
            }
        }

        var since = continuity.Loss == StoreLoss.Recent ? continuity.SafeUntil : long.MinValue;
        await ForAllAsync(recent.Ends(since), end => ReplayEndAsync(end.Key, end.Value), stopping).ConfigureAwait(false);
        await PauseAsync(MostJitter * random.NextDouble(), stopping).ConfigureAwait(false);
        await ForAllAsync(
            recent.Since(since), commit => ReplayCommitAsync(commit.Key, commit.Value), stopping).ConfigureAwait(false);
        if (mayLackAnything)
        {
            await ForAllAsync(
                copies.All().Where(copy => !copy.Value.IsStale), copy => ReplayAsync(copy.Key, copy.Value.Record, SessionVersion.None, () => copy.Value.IsStale), stopping)
                .ConfigureAwait(false);
        }

        await ReplayOrphansAsync(stopping).ConfigureAwait(false);
    }

    /// <summary>
    /// Commits to sessions that others have changed since and that are not in the store, and commits that lack what others had committed before them: those others give
    /// them back, or have ended them. So they are merged as soon as that is there; if nobody has brought it after some rounds in which the store has answered, those others are gone,
    /// and they are stored as they were here. Should the store be replaced meanwhile, they are among what is given back to the next one.
    /// </summary>
    private async Task ReplayOrphansAsync(CancellationToken stopping)
    {
        for (var round = 0; !_orphans.IsEmpty && !_connected.Reader.TryPeek(out _); round++)
        {
            await PauseAsync(FirstOrphanPause * (1 << Math.Min(round, OrphanRounds - 1)), stopping).ConfigureAwait(false);
            var orphans = _orphans.ToArray();
            _orphans.Clear();
            await ForAllAsync(orphans, orphan => ReplayOrphanAsync(orphan.Key, orphan.Value), stopping).ConfigureAwait(false);
        }
    }

    private Task<bool?> ReplayOrphanAsync(SessionKey key, Orphan orphan)
    {
        var isLast = orphan.Rounds + 1 >= OrphanRounds || _shuttingDown.Task.IsCompleted;
        return ReplayAsync(key, orphan.Record, isLast ? SessionVersion.None : orphan.Lacking, () => !isLast, orphan.Rounds + 1);
    }

    private void Discard()
    {
        foreach (var (key, _) in copies.All())
        {
            copies.Drop(key);
        }

        _orphans.Clear();
        recent.Clear(); // Else the next server would be given them, and while it is away they would be served.
        Volatile.Write(ref _replacedAt, long.MinValue); // Nobody gives anything back: no request is to wait for that.
        logger.CopiesDiscarded();
    }

    /// <summary>Replays in batches, at a bounded rate; what gets no answer is tried again while the store is the same.</summary>
    private async Task ForAllAsync<T>(IEnumerable<T> all, Func<T, Task<bool?>> replay, CancellationToken stopping)
    {
        int replayed = 0, restored = 0, failed = 0;
        var pause = TimeSpan.FromSeconds((double)AtOnce / options.Value.Outage.ReplayPerSecond);
        foreach (var batch in all.Chunk(AtOnce))
        {
            if (store.IsOpen)
            {
                await PauseAsync(options.Value.Outage.ProbeInterval, stopping).ConfigureAwait(false); // Else all the rest would go to the journal at once.
            }

            var begun = time.GetTimestamp();
            foreach (var outcome in await Task.WhenAll(batch.Select(replay)).ConfigureAwait(false))
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

        if (replayed > 0)
        {
            logger.ReplayDone(replayed, restored, failed);
        }
    }

    /// <summary>A node that shuts down pauses no more.</summary>
    private async Task PauseAsync(TimeSpan pause, CancellationToken stopping)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        await Task.WhenAny(_shuttingDown.Task, Task.Delay(pause, time, over.Token)).ConfigureAwait(false);
        await over.CancelAsync().ConfigureAwait(false);
        stopping.ThrowIfCancellationRequested();
    }

    private async Task<bool?> ReplayEndAsync(SessionKey key, SessionEnd end)
    {
        var answer = await store.DestroyAsync(key, end, lifetime.TombstoneLife).ConfigureAwait(false);
        if (answer.Outcome == StoreCommitOutcome.Unavailable)
        {
            _hasDropped |= !journal.AppendEnd(key, end);
            return null;
        }

        recent.AddEnd(key, end); // In doubt anew, should this server fail too.
        return answer is { Outcome: StoreCommitOutcome.Committed, Previous.IsNone: false };
    }

    private Task<bool?> ReplayCommitAsync(SessionKey key, RecentCommit commit) =>
        copies.TryGet(key, out var copy) && copy.IsWhole && copy.Record.ContainsAllOf(commit.Record)
            ? ReplayAsync(key, copy.Record, SessionVersion.None, () => commit.IsOutdated)
            : ReplayAsync(key, commit.Record, commit.LacksOthers ? commit.Missing : SessionVersion.None, () => commit.IsOutdated);

    /// <summary>True if the store lacked something, false if not, null if it gave no answer.</summary>
    /// <param name="key">Which session.</param>
    /// <param name="record">What this node has of it.</param>
    /// <param name="lacking">What another node had committed before and the record lacks: the store must have it first.</param>
    /// <param name="isOutdated">Whether somebody may have ended the session, so that it must not come into being by this.</param>
    /// <param name="rounds">How often the store has answered that it lacks what the record is to be merged into.</param>
    private async Task<bool?> ReplayAsync(SessionKey key, SessionRecord record, SessionVersion lacking, Func<bool> isOutdated, int rounds = 0)
    {
        if (recent.HasEnded(key) || lifetime.IsPastAbsoluteEnd(record) || notBefores.HaveEnded(record))
        {
            return false;
        }

        while (true)
        {
            var mode = isOutdated() || !lacking.IsNone ? SessionCopyMode.Amend : SessionCopyMode.Restore;
            var answer = await store.MergeAsync(key, new SessionCopy(record, clock.Next(), mode, lifetime.StoreLife, Base: lacking)).ConfigureAwait(false);
            clock.Observe(answer.Previous);
            switch (answer.Outcome)
            {
                case StoreCommitOutcome.Superseded:
                    continue;
                case StoreCommitOutcome.Unavailable when !lacking.IsNone && !_shuttingDown.Task.IsCompleted:
                    _orphans[key] = new Orphan(record, lacking, Math.Max(0, rounds - 1)); // Not to the journal, which does not wait for what is lacking.
                    return null;
                case StoreCommitOutcome.Unavailable:
                    if (journal.Append(key, record, isWhole: false, new SessionDelta(), record.Version, answer.Failure) is null)
                    {
                        WaitOutside(key, record, rounds);
                    }

                    return null;
                case StoreCommitOutcome.Committed:
                    recent.Add(key, record, isWhole: record.Contains(answer.Previous), answer.Previous); // In doubt anew, should this server fail too.
                    metrics.Lost.Add(1);
                    metrics.Forks.Add(answer.Previous.IsNone || record.Contains(answer.Previous) ? 0 : 1);
                    copies.OnChanged(key); // The stored record has a new version now, and a connection's own write is not announced to it.

                    return true;
                case StoreCommitOutcome.Destroyed:
                    copies.Drop(key);
                    if (answer.Successor is { } successor && record.Version < answer.Previous)
                    {
                        key = successor; // It goes on under another id, and may lack there what was lost here.
                        continue;
                    }

                    return false;
                case StoreCommitOutcome.Missing:
                    _orphans[key] = new Orphan(record, lacking, rounds);
                    return false;
                default:
                    return false;
            }
        }
    }

    /// <summary>The journal has no room: it is tried again from here.</summary>
    private void WaitOutside(SessionKey key, SessionRecord record, int rounds)
    {
        if (_shuttingDown.Task.IsCompleted)
        {
            _hasDropped = true;
        }
        else
        {
            _orphans[key] = new Orphan(record, SessionVersion.None, Math.Max(0, rounds - 1));
        }
    }

    private readonly record struct Orphan(SessionRecord Record, SessionVersion Lacking, int Rounds);
}
