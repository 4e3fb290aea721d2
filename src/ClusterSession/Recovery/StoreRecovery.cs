using System.Collections.Concurrent;
using System.Threading.Channels;
using ClusterSession.Diagnostics;
using ClusterSession.Documents;
using ClusterSession.Ends;
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
/// Hears when a partition of the store is connected to, and brings into it what it may have lost:
/// the sessions of it that this node has in memory, and its documents. A partition that does not
/// respond meanwhile holds up no other.
/// </summary>
/// <remarks>
/// <code>
/// the store is the same            the journal is sent
/// its recent history may be lost   + documents, revocations among them; then the ends that may be
///                                  lost, so that no client sees an ended session for longer than
///                                  must be; then the commits that may be lost
/// everything may be lost           + all copies that nobody else is known to have changed
/// other servers are configured     the same as where everything may be lost
///   (StoreLoss.Moved)
/// </code>
/// Every step is a merge or an end, so any number of nodes may do it at once, and again. The rate
/// is bounded, and nodes start at different moments, because they all hear of a failover at the
/// same one. A node that shuts down replays the rest without any pause, and drains its journal
/// after that: its commits that the new server lacks are nowhere else.
/// </remarks>
internal sealed class StoreRecovery(
    StoreGuard store,
    StoreReplay replay,
    NodeSessions local,
    CommitJournal journal,
    Revocations revocations,
    SessionLifetime lifetime,
    SessionTouches touches,
    IEnumerable<ISharedDocument> documents,
    IOptions<ClusterSessionOptions> options,
    Random random,
    TimeProvider time,
    ILogger<StoreRecovery> logger
) : BackgroundService, IStoreObserver
{
    private const int MaxAsked = 256;

    private readonly ISharedDocument[] _documents = [.. documents]; // what is to be restored first comes first
    private readonly RecoveryWindows _windows = new(time, lifetime.TombstoneLife, local.Ends.AreComparedWithStoreSince);
    private readonly Channel<int> _connected = Channel.CreateUnbounded<int>(new() { SingleReader = true });

    // What is being replayed to each partition, and what is queued to be replayed after that.
    private readonly PartitionTable<ConcurrentQueue<StoreContinuity>> _losses = new(static () => new());
    private readonly PartitionLanes _lanes = new();

    // Guards the two below.
    private readonly Lock _gate = new();
    private TaskCompletionSource? _settling;
    private int _underWay;

    /// <summary>What is to be expected of the partition that a session is in.</summary>
    public RecoveryWindow WindowOf(SessionKey key) => _windows.Of(store.PartitionOf(key));

    public void OnChanged(SessionKey key)
    {
        local.OnChanged(key);
        touches.OnChanged(key);
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

    public void OnConnected(int partition, StoreContinuity continuity)
    {
        store.Connected(partition);
        foreach (var document in DocumentsIn(partition))
        {
            document.OnChanged();
        }

        journal.Wake();
        if (continuity.Loss != StoreLoss.None)
        {
            _windows.Begin(partition);
            // The recovery is queued, and begins with the documents. A document that was notified
            // of a change above may be read before the recovery begins; the recovery reads it
            // again.
            Recover(partition, continuity);
        }
    }

    /// <summary>
    /// Keys have gone from one partition to another. A replay to the first one that is under way or
    /// queued is queued for the second one too, where these keys are from now on.
    /// </summary>
    public void OnMoved(int from, int to)
    {
        _windows.Moved(from, to);
        foreach (var continuity in _losses.Of(from))
        {
            if (!IsDiscarded(continuity)) // A discard would drop copies of what "to" still has.
            {
                Recover(to, continuity);
            }
        }

        journal.Wake();
    }

    /// <summary>
    /// Whether this node has replayed all that may be lost, as far as that was possible. Only the
    /// partitions that were heard of count.
    /// </summary>
    public bool IsSettled => Volatile.Read(ref _underWay) == 0;

    /// <inheritdoc cref="StoreReplay.HasDropped"/>
    public bool HasDropped => replay.HasDropped;

    /// <summary>
    /// Waits at shutdown until the store answers, if this node has committed or ended sessions
    /// lately, and until what the store may lack has been replayed. A store that is not responding
    /// may be about to be replaced by a server that lacks those commits and ends. Whether another
    /// server has taken over is known before it answers anything.
    /// </summary>
    /// <returns>False if that took too long.</returns>
    public async Task<bool> SettleAsync(CancellationToken limit)
    {
        replay.SkipDelays();
        try
        {
            while (
                (local.Recent.HasAny || local.Ends.HasOwn)
                && !await AnswersAsync().WaitAsync(limit).ConfigureAwait(false)
            )
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

    /// <summary>
    /// Whether the whole store answers. Many sessions are read too: of a cluster one shard may
    /// answer and another not.
    /// </summary>
    private async Task<bool> AnswersAsync()
    {
        if (
            !(
                await store.ReadDocumentAsync(Revocations.DocumentName, revocations.Position).ConfigureAwait(false)
            ).Failure.IsResponse()
        )
        {
            return false;
        }

        var reads = await Task.WhenAll(
                local
                    .Recent.Since(long.MinValue)
                    .Take(MaxAsked)
                    .Select(commit => store.ReadAsync(commit.Key, commit.Value.Record.Version).AsTask())
            )
            .ConfigureAwait(false);
        return Array.TrueForAll(reads, read => read.Failure.IsResponse());
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var partition in _connected.Reader.ReadAllAsync(stoppingToken).ConfigureAwait(false))
            {
                _lanes.RunOrQueue(partition, () => RecoverAllAsync(partition, stoppingToken));
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await _lanes.WhenIdleAsync().ConfigureAwait(false); // SettleAsync has waited before.
        }
    }

    /// <summary>
    /// Does not stop yet: what the last requests commit may still be lost, and is replayed too.
    /// </summary>
    public override Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The node has drained.</summary>
    public Task EndAsync(CancellationToken cancellationToken) => base.StopAsync(cancellationToken);

    private IEnumerable<ISharedDocument> DocumentsIn(int partition) =>
        _documents.Where(document => store.PartitionOfDocument(document.Name) == partition);

    private void Recover(int partition, StoreContinuity continuity)
    {
        lock (_gate)
        {
            if (_underWay++ == 0)
            {
                _settling = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        _losses.Of(partition).Enqueue(continuity);
        _connected.Writer.TryWrite(partition);
    }

    private async Task RecoverAllAsync(int partition, CancellationToken stopping)
    {
        var losses = _losses.Of(partition);
        while (losses.TryPeek(out var continuity))
        {
            await RecoverAsync(partition, continuity, stopping).ConfigureAwait(false);
            losses.TryDequeue(out _);
            lock (_gate)
            {
                if (--_underWay == 0)
                {
                    _settling!.TrySetResult();
                }
            }
        }
    }

    private async Task RecoverAsync(int partition, StoreContinuity continuity, CancellationToken stopping)
    {
        using var activity = SessionActivities.FailingOver(continuity.Loss);
        logger.StoreReplaced(store.NameOf(partition), continuity.Loss);
        var since = continuity.Loss == StoreLoss.Recent ? continuity.SafeUntil : long.MinValue;
        foreach (var document in _documents)
        {
            if (store.PartitionOfDocument(document.Name) == partition)
            {
                await document.RestoreAsync(since).ConfigureAwait(false);
            }
            else if (document is SharedEnds)
            {
                // The document of ends is in another partition, and is not lost: no element is to
                // be restored (none is later than MaxValue). The call only has this node compare
                // its ends with the store once more, as tombstones of this partition may be gone.
                await document.RestoreAsync(long.MaxValue).ConfigureAwait(false);
            }
        }

        if (IsDiscarded(continuity))
        {
            Discard(partition);
            return;
        }

        await replay.ReplayEndsAsync(partition, since, stopping).ConfigureAwait(false);
        await replay.PauseAsync(RecoveryWindow.MaxJitter * random.NextDouble(), stopping).ConfigureAwait(false);
        await replay.ReplayCommitsAsync(partition, since, stopping).ConfigureAwait(false);
        if (continuity.Loss is StoreLoss.Everything or StoreLoss.Moved)
        {
            await replay.ReplayCopiesAsync(partition, stopping).ConfigureAwait(false);
        }

        await replay
            .ReplayDeferredAsync(partition, isReplaced: () => _losses.Of(partition).Count > 1, stopping)
            .ConfigureAwait(false);
    }

    private bool IsDiscarded(in StoreContinuity continuity) =>
        continuity.Loss == StoreLoss.Everything && options.Value.Outage.OnStoreReset == StoreResetPolicy.Discard;

    private void Discard(int partition)
    {
        foreach (var (key, _) in local.Copies.All())
        {
            if (store.PartitionOf(key) == partition)
            {
                local.Copies.Drop(key);
            }
        }

        replay.Forget(partition);
        // Else a later server would be given these commits, and they would be served in an outage.
        local.Recent.Clear(key => store.PartitionOf(key) == partition);
        _windows.GiveUp(partition); // No request is to wait for that.
        logger.CopiesDiscarded();
    }
}
