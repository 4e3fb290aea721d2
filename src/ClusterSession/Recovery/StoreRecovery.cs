using System.Threading.Channels;
using ClusterSession.Diagnostics;
using ClusterSession.Documents;
using ClusterSession.Lifetime;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Revoking;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using ClusterSession.Touching;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Recovery;

/// <summary>
/// Hears of the store, and gives it back what it may have lost.
/// </summary>
/// <remarks>
/// <code>
/// the store is the same            the journal is sent
/// its recent history may be lost   + key ring, ends of all sessions of somebody, and of single
///                                  ones that are in doubt first, so that nobody sees an ended
///                                  session longer than must be; then commits in doubt
/// everything may be lost           + all copies that nobody else is known to have changed
/// </code>
/// Every step is a merge or an end, so any number of nodes may do it at once, and again. The rate is bounded, and nodes start at
/// different moments, because they all hear of a failover at the same one.
/// A node that shuts down gives back without any pause what it still has to, before the journal drains: its commits that the new server lacks are nowhere else.
/// </remarks>
internal sealed class StoreRecovery(
    StoreGuard store, StoreReplay replay, LocalCopies copies, RecentCommits recent, CommitJournal journal, Revocations revocations, SessionLifetime lifetime, SessionTouches touches, AbsentSessions absent,
    IEnumerable<ISharedDocument> documents, IOptions<ClusterSessionOptions> options, Random random, TimeProvider time, ILogger<StoreRecovery> logger)
    : BackgroundService, IStoreObserver
{
    private const int MostAsked = 256;
    private static readonly TimeSpan MostJitter = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan RecoveringFor = TimeSpan.FromSeconds(30);

    /// <summary>Twice what the jitter and the wait for others' commits take: other nodes hear of the store a little later, and are as busy.</summary>
    private static readonly TimeSpan JustBegunFor = 2 * (MostJitter + StoreReplay.LongestWait);

    private readonly ISharedDocument[] _documents = [.. documents]; // what is to be restored first stands first
    private readonly Channel<StoreContinuity> _connected = Channel.CreateUnbounded<StoreContinuity>(new() { SingleReader = true });

    // Guards the two below.
    private readonly Lock _gate = new();
    private TaskCompletionSource? _settling;
    private int _underWay;

    private long _replacedAt = long.MinValue;
    private long _lostAt = long.MinValue;

    /// <summary>Whether the store came back as another a short while ago, so that nodes are still giving it back what they have.</summary>
    public bool IsUnderWay => Volatile.Read(ref _replacedAt) is var at && at != long.MinValue && time.GetElapsedTime(at) < RecoveringFor;

    /// <summary>Whether it came back so recently that what is missing is more likely on its way than lost.</summary>
    public bool HasJustBegun => Volatile.Read(ref _replacedAt) is var at && at != long.MinValue && time.GetElapsedTime(at) < JustBegunFor;

    /// <summary>Whether it came back as another since a timestamp.</summary>
    public bool HasBegunSince(long timestamp) => Volatile.Read(ref _replacedAt) is var at && at != long.MinValue && at >= timestamp;

    /// <summary>
    /// Whether the store may have lost the ends of sessions whose copies can still be in use. While it has not, a session that is missing was not ended:
    /// its tombstone would be there.
    /// </summary>
    public bool MayHaveLostEnds => Volatile.Read(ref _lostAt) is var at && at != long.MinValue && time.GetElapsedTime(at) < lifetime.TombstoneLife;

    public void OnChanged(SessionKey key)
    {
        copies.OnChanged(key);
        recent.OnChanged(key);
        touches.OnChanged(key);
        absent.OnChanged(key); // After the mark has moved.
    }

    public void OnDocumentChanged(string name)
    {
        foreach (var document in _documents)
        {
            if (document.Name == name)
            {
                document.OnChanged();
            }
        }
    }

    public void OnConnected(StoreContinuity continuity)
    {
        store.Connected();
        foreach (var document in _documents)
        {
            document.OnChanged();
        }

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

    /// <summary>Whether what was lost by every store that was heard of has been given back, as far as that was possible.</summary>
    public bool IsSettled => Volatile.Read(ref _underWay) == 0;

    /// <inheritdoc cref="StoreReplay.HasDropped"/>
    public bool HasDropped => replay.HasDropped;

    /// <summary>
    /// The node shuts down: waits until the store answers, if this node has committed lately, and until that has been given back what it may lack. A store that gives no answer may be
    /// about to be replaced by one that lacks that; who has come instead is known before its first answer.
    /// </summary>
    /// <returns>False if that took too long.</returns>
    public async Task<bool> SettleAsync(CancellationToken limit)
    {
        replay.Hurry();
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
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Asked for sessions too, and for many: of a cluster one shard may answer and another not.</summary>
    private async Task<bool> AnswersAsync()
    {
        if (!(await store.ReadDocumentAsync(Revocations.DocumentName, revocations.Position).ConfigureAwait(false)).Failure.IsResponse())
        {
            return false;
        }

        var reads = await Task.WhenAll(recent.Since(long.MinValue).Take(MostAsked).Select(commit => store.ReadAsync(commit.Key, commit.Value.Record.Version).AsTask())).ConfigureAwait(false);
        return Array.TrueForAll(reads, read => read.Failure.IsResponse());
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
        using var activity = SessionActivities.FailingOver(continuity.Loss);
        logger.StoreReplaced(continuity.Loss);
        foreach (var document in _documents)
        {
            await document.RestoreAsync().ConfigureAwait(false);
        }

        var mayLackAnything = continuity.Loss is StoreLoss.Everything or StoreLoss.Moved;
        if (continuity.Loss == StoreLoss.Everything && options.Value.Outage.OnStoreReset == StoreResetPolicy.Discard)
        {
            Discard();
            return;
        }

        var since = continuity.Loss == StoreLoss.Recent ? continuity.SafeUntil : long.MinValue;
        await replay.EndsAsync(since, stopping).ConfigureAwait(false);
        await replay.PauseAsync(MostJitter * random.NextDouble(), stopping).ConfigureAwait(false);
        await replay.CommitsAsync(since, stopping).ConfigureAwait(false);
        if (mayLackAnything)
        {
            await replay.CopiesAsync(stopping).ConfigureAwait(false);
        }

        await replay.OrphansAsync(isReplaced: () => _connected.Reader.TryPeek(out _), stopping).ConfigureAwait(false);
    }

    private void Discard()
    {
        foreach (var (key, _) in copies.All())
        {
            copies.Drop(key);
        }

        replay.Forget();
        recent.Clear(); // Else the next server would be given them, and while it is away they would be served.
        Volatile.Write(ref _replacedAt, long.MinValue); // Nobody gives anything back: no request is to wait for that.
        logger.CopiesDiscarded();
    }
}
