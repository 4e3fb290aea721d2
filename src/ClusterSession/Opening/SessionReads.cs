using System.Collections.Concurrent;
using ClusterSession.Lifetime;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using Microsoft.Extensions.Options;

namespace ClusterSession.Opening;

/// <summary>
/// Reads sessions for requests. Concurrent opens of one session share one read, and the mark that
/// was taken before it. If an open that joins later took its own mark, it would miss an
/// invalidation that came since the read began, and would take an outdated answer for current. An
/// answer that a request has not waited for is applied when it comes (<see cref="LateAnswers"/>).
/// Thread-safe.
/// </summary>
internal sealed class SessionReads(
    StoreGuard store,
    NodeSessions local,
    LateAnswers late,
    VersionIssuer versions,
    SessionLifetime lifetime,
    IOptions<ClusterSessionOptions> options,
    TimeProvider time
)
{
    private readonly ConcurrentDictionary<SessionKey, Reading> _reads = new();
    private readonly TimeSpan _softTimeout = options.Value.Outage.SoftTimeout;
    private readonly TimeSpan _hardTimeout = options.Value.Outage.HardTimeout;

    /// <summary>Reads a session, or waits for the read that is under way.</summary>
    /// <param name="key">Which session.</param>
    /// <param name="seen">The commit that the client has seen.</param>
    /// <param name="mayGoOnWithout">Whether this node knows enough of the session to wait for the
    /// soft timeout only.</param>
    /// <param name="deadline">Until when the request waits.</param>
    /// <param name="cancellationToken">Gives up waiting; the read goes on for the others.</param>
    public async ValueTask<(StoreRead Read, int Mark)> ReadAsync(
        SessionKey key,
        SessionVersion seen,
        bool mayGoOnWithout,
        StoreDeadline deadline,
        CancellationToken cancellationToken
    )
    {
        versions.Observe(key, seen);
        var left = deadline.Left;
        if (left == TimeSpan.Zero)
        {
            return (StoreRead.Unavailable(StoreFailure.Unreachable), local.Copies.Mark(key));
        }

        if (!_reads.TryGetValue(key, out var reading))
        {
            var mine = new Reading();
            reading = _reads.GetOrAdd(key, mine);
            if (ReferenceEquals(reading, mine))
            {
                _ = ReadForAllAsync(key, seen, mine);
            }
        }

        // Nearly all of the request's time is left: the store's own limit ends the read about as
        // early, so that no timer is needed.
        if (!mayGoOnWithout && StoreBudget.IsNearlyWhole(left, _hardTimeout))
        {
            return await reading.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        try
        {
            var limit = mayGoOnWithout && _softTimeout < left ? _softTimeout : left;
            return await reading.Task.WaitAsync(limit, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            if (reading.TryBeFirstToGiveUp())
            {
                _ = ApplyLateAsync(key, seen, reading);
            }

            return (StoreRead.Unavailable(StoreFailure.Unknown), local.Copies.Mark(key));
        }
    }

    private async Task ApplyLateAsync(SessionKey key, SessionVersion seen, Reading reading)
    {
        var (read, mark) = await reading.Task.ConfigureAwait(false);
        await late.ApplyAsync(key, read, mark, seen).ConfigureAwait(false);
    }

    private async Task ReadForAllAsync(SessionKey key, SessionVersion seen, Reading result)
    {
        try
        {
            var mark = local.Copies.Mark(key);
            var isKnown =
                local.Copies.TryGet(key, out var copy) && copy.IsComplete && !lifetime.IsPastAbsoluteEnd(copy.Record);
            var now = local.Copies.Clock.Now;
            var read =
                isKnown && copy.IsFresh && copy.Record.Contains(seen) && local.IsUsable(copy)
                    // Another read has ended since this request looked.
                    ? StoreRead.Unchanged(copy.Lease, lifetime.StoreLifeSince(copy.TouchedAt, now))
                    : await store
                        .ReadAsync(key, isKnown ? copy.Record.Version : SessionVersion.None)
                        .ConfigureAwait(false);
            if (copy is not { IsComplete: true } && read.Outcome == StoreReadOutcome.Found)
            {
                // Before the read is forgotten: a request that comes now finds the copy or the
                // read, and does not read again.
                local.Publish(key, read, mark);
            }

            _reads.TryRemove(key, out _);
            result.SetResult((read, mark));
        }
        catch (Exception failure)
        {
            _reads.TryRemove(key, out _);
            result.SetException(failure);
        }
    }

    private sealed class Reading()
        : TaskCompletionSource<(StoreRead Read, int Mark)>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        private int _isLate;

        /// <summary>Whether the caller is the first who has not waited for the answer.</summary>
        public bool TryBeFirstToGiveUp() => Interlocked.Exchange(ref _isLate, 1) == 0;
    }
}
