using System.Collections.Concurrent;
using ClusterSession.Committing;
using ClusterSession.Lifetime;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.Opening;

/// <summary>
/// Says whether a session has been idle for too long, and ends it then.
/// </summary>
/// <remarks>
/// <code>
/// last prolongation = now - (store's whole life - life that is left there)
///
/// what is known                                    the session is idle from this moment on
///
/// this node prolonged it last, and its copy is     idle timeout after this node's last use (2.75
///   fresh                                            touch intervals, if that is longer)
/// nobody has changed it since this node's last     the same: every other node has reported its
///   use, and the last prolongation was for that      uses by then
///   use or before it
/// else                                             idle timeout + 1.25 touch intervals after the
///                                                    last prolongation
/// store not responding                             only in the first case; else nobody knows
/// </code>
/// A commit need not prolong a session that lives long enough, so that the last prolongation alone
/// does not tell of every use.
/// Thread-safe.
/// </remarks>
internal sealed class SessionExpiry(NodeSessions local, SessionLifetime lifetime, SessionEnds ends)
{
    private readonly ConcurrentDictionary<SessionKey, Task<bool>> _ending = new();

    /// <summary>
    /// Whether this node knows by itself that nobody has used a session for the idle timeout.
    /// </summary>
    public bool IsKnownToBeIdle(LocalCopy copy) =>
        copy is { IsProlongedHere: true, IsFresh: true, Record.HasOwnExpiry: false }
        && local.Copies.Clock.Now - copy.UsedAt > lifetime.IdleTicksAtLastNode;

    /// <summary>
    /// Whether the store was last told of a use so long ago that a session may be idle. What ends
    /// at a time of its own never is.
    /// </summary>
    public bool MayBeIdle(SessionRecord record, TimeSpan? remainingLife)
    {
        if (record.HasOwnExpiry)
        {
            return false;
        }

        var now = local.Copies.Clock.Now;
        return now - lifetime.ProlongedAt(remainingLife, now) > lifetime.IdleTicks;
    }

    /// <summary>Whether a session that the store has just been asked for is idle.</summary>
    /// <param name="copy">This node's copy, if there is one.</param>
    /// <param name="stored">The version the store has.</param>
    /// <param name="remainingLife">How long the store keeps the session from now on.</param>
    public bool IsIdle(LocalCopy? copy, SessionVersion stored, TimeSpan? remainingLife)
    {
        if (copy is not null && IsKnownToBeIdle(copy))
        {
            return true;
        }

        var now = local.Copies.Clock.Now;
        var prolongedAt = lifetime.ProlongedAt(remainingLife, now);
        return copy is not null && SawLastUse(copy, stored, prolongedAt)
            ? now - Math.Max(copy.UsedAt, prolongedAt) > lifetime.IdleTicksAtLastNode
            : now - prolongedAt > lifetime.IdleTicksElsewhere;
    }

    private static bool SawLastUse(LocalCopy copy, SessionVersion stored, int prolongedAt) =>
        copy.UsedAt != LocalCopy.Never
        && copy.Record.Version == stored
        && (
            prolongedAt <= copy.UsedAt
            || (copy.IsProlongedHere && prolongedAt <= copy.TouchedAt + SessionLifetime.Tolerance)
        );

    /// <summary>
    /// Ends an idle session, once for all requests that find it. False: a request has committed to
    /// it meanwhile, and it lives on. While the store is unreachable the end is kept, and sent
    /// later.
    /// </summary>
    public async ValueTask<bool> TryEndAsync(SessionKey key, SessionVersion version, StoreDeadline deadline)
    {
        var mine = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var ending = _ending.GetOrAdd(key, mine.Task);
        if (!ReferenceEquals(ending, mine.Task))
        {
            return await ending.ConfigureAwait(false);
        }

        var hasEnded = true;
        try
        {
            var expired = await ends.ExpireAsync(key, version, deadline).ConfigureAwait(false);
            hasEnded = expired.Outcome != CommitOutcome.ChangedByOthers;
            return hasEnded;
        }
        finally
        {
            _ending.TryRemove(key, out _);
            mine.SetResult(hasEnded);
        }
    }
}
