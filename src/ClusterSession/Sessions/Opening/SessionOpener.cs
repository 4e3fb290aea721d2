using System.Collections.Concurrent;
using ClusterSession.Diagnostics;
using ClusterSession.Sessions.Copies;
using ClusterSession.Stores;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Sessions.Opening;

/// <summary>
/// Finds the copy of a session that a request may use.
/// </summary>
/// <remarks>
/// <code>
/// local copy fresh and contains the client's commit? ------------------------------ yes: use it, nothing is asked
///   | no
/// read the store, unless it is still what the local copy is (one read for all that wait)
///   |- found, contains the client's commit ---------------------------------------- use it
///   |- found, behind the client or beside the local copy: merge the local copy in, store the result
///   |- still behind the client: read once more (the first read may have been older than the client's commit)
///   |- still behind: use it, flagged as regressed, never silently
///   |- missing: local copy within its idle time: the store lost it: store the copy again; else ended
///   |- destroyed: ended
///   `- no answer: local copy that contains the client's commit: use it; else unavailable
/// </code>
/// Thread-safe.
/// </remarks>
internal sealed class SessionOpener(
    IClusterSessionStore store, LocalCopies copies, SessionRepair repair, SessionLifetime lifetime, SessionMetrics metrics, ILogger<SessionOpener> logger)
{
    private readonly ConcurrentDictionary<SessionKey, Task<StoreRead>> _reads = new();

    /// <summary>The fast way: no task, no allocation, no store.</summary>
    public bool TryOpenLocal(SessionKey key, SessionVersion seen, out LocalCopy copy) =>
        copies.TryGet(key, out copy) && copy.IsFresh && IsUsable(copy) && copy.Record.Contains(seen);

    public async ValueTask<OpenedSession> OpenAsync(SessionKey key, SessionVersion seen, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            var mark = copies.Mark(key);
            var read = await ReadAsync(key, cancellationToken).ConfigureAwait(false);
            copies.TryGet(key, out var copy);
            var usable = copy is not null && IsUsable(copy) ? copy : null;
            switch (read.Outcome)
            {
                case StoreReadOutcome.Unavailable when usable is not null && usable.Record.Contains(seen):
                    return OpenedSession.Opened(usable.Record, SessionSource.LocalCopy);
                case StoreReadOutcome.Unavailable:
                    return OpenedSession.Unavailable(read.Failure);
                case StoreReadOutcome.Destroyed:
                    copies.Drop(key);
                    return OpenedSession.Ended(OpenOutcome.Destroyed);
                case StoreReadOutcome.Missing:
                    return await OpenLostAsync(key, seen, usable).ConfigureAwait(false);
            }

            var record = read.Outcome == StoreReadOutcome.Found ? read.Record! : copy?.Record;
            if (record is null)
            {
                continue; // Unchanged, but the copy it was compared with has been evicted meanwhile: read again, whole.
            }

            if (lifetime.IsPastAbsoluteEnd(record))
            {
                copies.Drop(key);
                return OpenedSession.Ended(OpenOutcome.Missing);
            }

            if (usable is not null && usable.IsFresh && usable.Record.Contains(record.Version))
            {
                record = usable.Record; // A commit of this node overtook the read.
            }
            else if (usable is not null && !record.Contains(usable.Record.Version))
            {
                record = await repair.RestoreAsync(key, usable.Record, record).ConfigureAwait(false);
            }
            else
            {
                var touchedAt = copy?.TouchedAt ?? lifetime.TouchedAt(record.Version, copies.Clock.Now);
                copies.Publish(key, record, read.Lease, mark, touchedAt);
            }

            if (record.Contains(seen))
            {
                return OpenedSession.Opened(record, read.Outcome == StoreReadOutcome.Found ? SessionSource.Store : SessionSource.Revalidated);
            }

            if (attempt > 0)
            {
                return OpenedSession.Opened(record, SessionSource.Store, Regressed());
            }
        }
    }

    private bool IsUsable(LocalCopy copy) =>
        copies.Clock.Now - copy.UsedAt < lifetime.IdleTicks && !lifetime.IsPastAbsoluteEnd(copy.Record);

    /// <summary>Concurrent opens of one session share one read.</summary>
    private async ValueTask<StoreRead> ReadAsync(SessionKey key, CancellationToken cancellationToken)
    {
        if (!_reads.TryGetValue(key, out var reading))
        {
            var mine = new TaskCompletionSource<StoreRead>(TaskCreationOptions.RunContinuationsAsynchronously);
            reading = _reads.GetOrAdd(key, mine.Task);
            if (ReferenceEquals(reading, mine.Task))
            {
                _ = ReadForAllAsync(key, mine);
            }
        }

        return await reading.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task ReadForAllAsync(SessionKey key, TaskCompletionSource<StoreRead> result)
    {
        try
        {
            var known = copies.TryGet(key, out var copy) && IsUsable(copy) ? copy.Record.Version : SessionVersion.None;
            var read = await store.ReadAsync(key, known, CancellationToken.None).ConfigureAwait(false);
            _reads.TryRemove(key, out _);
            result.SetResult(read);
        }
        catch (Exception failure)
        {
            _reads.TryRemove(key, out _);
            result.SetException(failure);
        }
    }

    private async ValueTask<OpenedSession> OpenLostAsync(SessionKey key, SessionVersion seen, LocalCopy? copy)
    {
        if (copy is null)
        {
            copies.Drop(key);
            return OpenedSession.Ended(OpenOutcome.Missing, lifetime.IsWithinIdleTime(seen) && Regressed());
        }

        var restored = await repair.RestoreAsync(key, copy.Record, stored: null).ConfigureAwait(false);
        return restored.IsDestroyed
            ? OpenedSession.Ended(OpenOutcome.Destroyed)
            : OpenedSession.Opened(restored, SessionSource.LocalCopy, !restored.Contains(seen) && Regressed());
    }

    private bool Regressed()
    {
        metrics.Regressed.Add(1);
        logger.SessionRegressed();
        return true;
    }
}
