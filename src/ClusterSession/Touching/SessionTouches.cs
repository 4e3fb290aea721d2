using System.Collections.Concurrent;
using ClusterSession.Diagnostics;
using ClusterSession.Lifetime;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Touching;

/// <summary>
/// Tells the store in the background which sessions are in use, and asks whether it still has the
/// version of their copies: each at most once per touch interval, however often it is read.
/// </summary>
/// <remarks>
/// A touch costs more than its own command: in Redis it invalidates every node's copy (measured),
/// which then is revalidated. So a commit counts as a touch, also one by another node, as far as
/// the remaining life in the store tells. Touches are sent few at a time and often, because commits
/// and reads wait behind them in the store. Each partition of the store is sent its own touches by
/// itself: those of one that does not respond stay due, and are tried again, while the sessions of
/// the others are prolonged in time.
/// <code>
/// use, and the last touch is a touch interval old  touch at once
/// use, and another node has prolonged the session  touch one interval later, unless this node has
///   last                                           prolonged the session by then. Without that
///                                                  touch the other node would take its own last
///                                                  use for the last one of all
/// use, and this node has prolonged the session     nothing; as soon as another node changes or
///   last                                           prolongs it, as above
/// </code>
/// A touch is answered with the version that the store has, which confirms the copy. Where a
/// request must not prolong the session, a read by version confirms it: the store answers with the
/// record only if that has another one. So a copy that is used is never behind for longer than a
/// touch interval, whatever has become of the store's announcements. A touch names the time of the
/// use, not its own: the store keeps the session as long as if it had been told at once.
/// </remarks>
internal sealed class SessionTouches(
    StoreGuard store,
    LocalCopies copies,
    SessionLifetime lifetime,
    IOptions<ClusterSessionOptions> options,
    TimeProvider time,
    SessionMetrics metrics,
    ILogger<SessionTouches> logger
) : DrainingService
{
    private const int AtOnce = 32;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(1);
    private readonly LogRate _failed = new(time);
    private readonly PartitionLanes _lanes = new();

    private readonly ConcurrentDictionary<SessionKey, DueTouch> _due = new();

    /// <summary>Sessions with a use that is to be reported, in the order in which that is due.
    /// <see cref="_reported"/> has when they were used, in case their copy is evicted.</summary>
    private readonly ConcurrentQueue<(SessionKey Key, int At)> _reports = new();
    private readonly ConcurrentDictionary<SessionKey, int> _reported = new();

    /// <summary>When sessions without a local copy to remember it were touched and used last;
    /// forgotten after a touch interval without a use.</summary>
    private readonly ConcurrentDictionary<SessionKey, UseWithoutCopy> _withoutCopy = new();

    /// <summary>
    /// A request uses the session as it opens it. On the way of every request: no lock, no
    /// allocation unless a touch or a report is due.
    /// </summary>
    public void Used(SessionKey key, LocalCopy copy, bool prolongs)
    {
        copy.WasUsed = true;
        var now = copies.Clock.Now;
        if (!prolongs)
        {
            if (now - copy.ConfirmedAt >= lifetime.TouchTicks && now - copy.TouchedAt >= lifetime.TouchTicks)
            {
                copy.ConfirmedAt = now;
                _due.TryAdd(key, DueTouch.Confirmation);
            }

            return;
        }

        copy.UsedAt = now;
        if (now - copy.TouchedAt >= lifetime.TouchTicks)
        {
            copy.TouchedAt = now;
            Add(key, new DueTouch(now, IsReport: false));
        }
        else if (!copy.IsProlongedHere && !copy.IsReportQueued && copy.HasUnreportedUse)
        {
            Report(key, copy, now);
        }
    }

    /// <inheritdoc cref="Used(SessionKey, LocalCopy, bool)"/>
    public void Used(SessionKey key, bool prolongs)
    {
        if (copies.TryGet(key, out var copy))
        {
            Used(key, copy, prolongs);
        }
        else if (prolongs)
        {
            // Copies are switched off, or this one has been evicted at once.
            var now = copies.Clock.Now;
            if (_withoutCopy.TryGetValue(key, out var use))
            {
                use.UsedAt = now;
            }
            else if (_withoutCopy.TryAdd(key, new UseWithoutCopy(now)))
            {
                _due.TryAdd(key, new DueTouch(now, IsReport: false));
            }
        }
    }

    /// <summary>A request of a session ends: a use as well, for it may have run for long. Of a new
    /// session it is the first, right after its commit.</summary>
    public void RequestEnded(SessionKey key)
    {
        if (copies.TryGet(key, out var copy))
        {
            Used(key, copy, prolongs: true);
        }
        else if (_withoutCopy.TryGetValue(key, out var use))
        {
            use.UsedAt = copies.Clock.Now;
        }
        else
        {
            var now = copies.Clock.Now;
            _withoutCopy.TryAdd(key, new UseWithoutCopy(now) { UsedAt = now + 1 }); // To be reported.
        }
    }

    /// <summary>Another node has changed or prolonged the session: this one is not the last to have
    /// done so, and reports what it has kept to itself.</summary>
    public void OnChanged(SessionKey key)
    {
        if (copies.TryGet(key, out var copy) && copy.HasUnreportedUse && !copy.IsReportQueued)
        {
            Report(key, copy, copies.Clock.Now);
        }
    }

    /// <summary>Sends what is due; false if the store did not take something.</summary>
    public async Task<bool> FlushAsync(CancellationToken cancellationToken)
    {
        var sent = await Task.WhenAll(Due().Select(part => SendAsync(part, cancellationToken))).ConfigureAwait(false);
        return Array.IndexOf(sent, false) < 0;
    }

    protected override CancellationTokenSource BeginStopping() => new(options.Value.Outage.HardTimeout, time);

    /// <summary>What the node has kept to itself it reports now.</summary>
    protected override async Task DrainAsync(CancellationToken cancellationToken)
    {
        MoveReports(isLast: true);
        MoveUsesWithoutCopy(isLast: true);
        try
        {
            await FlushAsync(cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Out of time; as if the node had been killed.
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var interval = options.Value.EffectiveTouchInterval / 4;
        using var timer = new PeriodicTimer(interval < Interval ? interval : Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                foreach (var part in Due())
                {
                    _lanes.RunIfIdle(part.Key, () => SendInTurnAsync(part, stoppingToken));
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // DrainAsync sends the rest.
            await _lanes.WhenIdleAsync().ConfigureAwait(false);
        }
    }

    /// <summary>What is due now, by the partition of the store that it is in now.</summary>
    private IEnumerable<IGrouping<int, KeyValuePair<SessionKey, DueTouch>>> Due()
    {
        MoveReports();
        MoveUsesWithoutCopy();
        return _due.IsEmpty ? [] : _due.GroupBy(due => store.PartitionOf(due.Key));
    }

    private async Task SendInTurnAsync(IEnumerable<KeyValuePair<SessionKey, DueTouch>> due, CancellationToken stopping)
    {
        if (!await SendAsync(due, stopping).ConfigureAwait(false))
        {
            await Task.Delay(PauseAfterFailure, time, stopping).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Sends touches to one partition. After a batch of which none was taken, the rest stays due
    /// untried.
    /// </summary>
    private async Task<bool> SendAsync(IEnumerable<KeyValuePair<SessionKey, DueTouch>> due, CancellationToken stopping)
    {
        var isDone = true;
        foreach (var batch in due.Chunk(AtOnce))
        {
            stopping.ThrowIfCancellationRequested();
            var touches = Array.ConvertAll(batch, touch =>
                touch.Value == DueTouch.Confirmation ? ConfirmAsync(touch.Key) : TouchAsync(touch.Key, touch.Value)
            );
            var sent = await Task.WhenAll(touches).ConfigureAwait(false);
            isDone &= Array.IndexOf(sent, false) < 0;
            if (Array.IndexOf(sent, true) < 0)
            {
                break;
            }
        }

        if (!isDone && _failed.MayWrite(out var count))
        {
            logger.TouchesFailed(_due.Count, count);
        }

        return isDone;
    }

    /// <summary>A touch takes the place of a mere confirmation.</summary>
    private void Add(SessionKey key, DueTouch due)
    {
        if (!_due.TryAdd(key, due))
        {
            _due.TryUpdate(key, due, DueTouch.Confirmation);
        }
    }

    private void Report(SessionKey key, LocalCopy copy, int now)
    {
        copy.IsReportQueued = true;
        if (_reported.TryAdd(key, now))
        {
            _reports.Enqueue((key, now + lifetime.TouchTicks));
        }
    }

    private void MoveReports(bool isLast = false)
    {
        var now = copies.Clock.Now;
        while (_reports.TryPeek(out var next) && (isLast || next.At <= now) && _reports.TryDequeue(out next))
        {
            _reported.TryRemove(next.Key, out var usedAt);
            if (copies.TryGet(next.Key, out var copy))
            {
                copy.IsReportQueued = false;
                if (!copy.HasUnreportedUse || copy is { IsProlongedHere: true, IsFresh: true })
                {
                    continue;
                }

                usedAt = copy.UsedAt;
            }

            Add(next.Key, new DueTouch(usedAt, IsReport: true));
        }
    }

    private void MoveUsesWithoutCopy(bool isLast = false)
    {
        var now = copies.Clock.Now;
        foreach (var (key, use) in _withoutCopy)
        {
            if (!isLast && now - use.TouchedAt < lifetime.TouchTicks)
            {
                continue;
            }

            if (use.UsedAt > use.TouchedAt)
            {
                use.TouchedAt = now;
                _due.TryAdd(key, new DueTouch(use.UsedAt, IsReport: true));
            }
            else
            {
                _withoutCopy.TryRemove(key, out _);
            }
        }
    }

    private async Task<bool> TouchAsync(SessionKey key, DueTouch due)
    {
        var hasCopy = copies.TryGet(key, out var copy);
        var usedAt = hasCopy ? Math.Max(copy.UsedAt, due.UsedAt) : due.UsedAt;
        var life = lifetime.StoreLifeSince(usedAt, copies.Clock.Now);
        var leastLife = due.IsReport ? life : life - (lifetime.StoreLife - lifetime.LeastStoreLife);
        var touched = await store.TouchAsync(key, life, leastLife).ConfigureAwait(false);
        switch (touched.Outcome)
        {
            case StoreTouchOutcome.Unavailable when !touched.Failure.IsOfRecord():
                return false; // Stays due.
            case StoreTouchOutcome.Destroyed:
                copies.Drop(key);
                break;
            case StoreTouchOutcome.Missing when copies.TryGet(key, out var lost):
                lost.MarkStale(); // The next request finds the loss, and repairs it.
                break;
            case StoreTouchOutcome.Touched or StoreTouchOutcome.Kept:
                metrics.Touches.Add(1);
                if (hasCopy && copies.TryGet(key, out var current) && ReferenceEquals(copy, current))
                {
                    if (copy.Record.Version != touched.Version)
                    {
                        copy.MarkStale(); // Somebody has changed it, and the store has not announced that.
                    }

                    copy.TouchedAt = Math.Max(copy.TouchedAt, usedAt);
                    // Kept: the session had enough life left already, whichever node gave it that.
                    copy.IsProlongedHere |= touched.Outcome == StoreTouchOutcome.Touched;
                }

                break;
        }

        _due.TryRemove(KeyValuePair.Create(key, due));
        return true;
    }

    private async Task<bool> ConfirmAsync(SessionKey key)
    {
        if (copies.TryGet(key, out var copy) && copy.IsFresh)
        {
            var read = await store.ReadAsync(key, copy.Record.Version).ConfigureAwait(false);
            switch (read.Outcome)
            {
                case StoreReadOutcome.Unavailable when !read.Failure.IsOfRecord():
                    return false; // Stays due.
                case StoreReadOutcome.Destroyed:
                    copies.Drop(key);
                    break;
                case StoreReadOutcome.Found or StoreReadOutcome.Missing:
                    copy.MarkStale(); // The next request reads it anew, or finds the loss.
                    break;
            }
        }

        _due.TryRemove(KeyValuePair.Create(key, DueTouch.Confirmation));
        return true;
    }

    /// <summary>A touch that is to be sent.</summary>
    /// <param name="UsedAt">When the session was used, at least.</param>
    /// <param name="IsReport">Whether the store must know of this very use, so that it prolongs the
    /// session even by little.</param>
    private readonly record struct DueTouch(int UsedAt, bool IsReport)
    {
        /// <summary>No touch: the copy's version is to be confirmed.</summary>
        public static DueTouch Confirmation => default;
    }

    private sealed class UseWithoutCopy(int now)
    {
        public int TouchedAt = now;
        public int UsedAt = now;
    }
}
