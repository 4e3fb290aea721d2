using ClusterSession.Diagnostics;
using ClusterSession.Lifetime;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Recovery;

/// <summary>
/// Repairs a session by a copy of this node, or restores it where the store has none: merges the
/// copy into the stored record, under a new version, or stores it as it is, under its own. Any
/// number of nodes may do so at once and as often as they like; merging makes it harmless.
/// </summary>
internal sealed class SessionRepair(
    StoreGuard store,
    NodeSessions local,
    HybridClock clock,
    VersionIssuer versions,
    SessionLifetime lifetime,
    SessionMetrics metrics,
    LossLog losses
)
{
    private const int MaxAttempts = 8;

    /// <summary>
    /// Repairs what the store has by a copy, or restores the session where the store has nothing.
    /// </summary>
    /// <param name="key">Which session.</param>
    /// <param name="copy">What this node has of it; it may lack commits of others.</param>
    /// <param name="stored">What the store has, or null if it has nothing.</param>
    /// <param name="deadline">Until when the store is waited for.</param>
    /// <param name="use">
    /// The last use that the caller knows of, on the coarse clock. Of this and the last use of the
    /// local copy the later one counts. Default: that of the local copy; without one, now.
    /// </param>
    /// <param name="mode">
    /// <see cref="MergeMode.Amend"/>: a session that is missing stays missing, and is answered as
    /// destroyed.
    /// </param>
    /// <returns>
    /// The merged copy, also where the store did not respond; a tombstone if the session's end is
    /// known. And whether that is all of the session, as the store has it.
    /// </returns>
    public async ValueTask<(SessionRecord Record, bool IsComplete)> RecoverAsync(
        SessionKey key,
        SessionRecord copy,
        SessionRecord? stored,
        StoreDeadline deadline = default,
        int? use = null,
        MergeMode mode = MergeMode.Restore
    )
    {
        if (local.Ends.Contains(key))
        {
            return (Tombstone(clock.Next()), true);
        }

        // Being stored again does not count as a use: the session lives no longer for that.
        var now = local.Copies.Clock.Now;
        var usedAt = local.Copies.TryGet(key, out var own) ? Math.Max(own.LastUse, use ?? own.LastUse) : use ?? now;
        var life = lifetime.LifeLeft(copy, usedAt, now);
        var merged = stored is null ? copy : SessionRecord.Merge(stored, copy);
        var above = merged.Version;
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var mark = local.Copies.Mark(key);
            var issued = versions.Next(key, above);
            var version = issued.Version;
            var sent = new SessionMerge(
                copy,
                version,
                mode,
                life,
                PreviousStamp: issued.PreviousStamp,
                UnusedStamps: issued.UnusedStamps
            );
            var answer = await store.MergeAsync(key, sent, deadline).ConfigureAwait(false);
            clock.Observe(answer.Previous);
            versions.Withdraw(key, issued, !answer.MayHaveHappened);
            switch (answer.Outcome)
            {
                case WriteOutcome.Superseded:
                    above = answer.Previous > above ? answer.Previous : above;
                    continue;
                case WriteOutcome.Destroyed:
                    local.Copies.Drop(key);
                    return (Tombstone(version), true);
                case WriteOutcome.Committed when answer.Previous.IsNone:
                    versions.Withdraw(key, issued); // Stored as it is, under its own version.
                    losses.LostSession();
                    local.Recovered(key, copy, isComplete: true, SessionVersion.None);
                    local.Copies.Publish(key, copy, answer.Lease, mark, usedAt);
                    return (local.Ends.Contains(key) ? Tombstone(version) : copy, true);
                case WriteOutcome.Committed when stored is not null && answer.Previous == stored.Version:
                    losses.LostCommit();
                    metrics.Forks.Add(copy.Contains(stored.Version) ? 0 : 1);
                    // An empty delta: the merged state gets the version that it is stored under.
                    // The client's cookie will name that, and the recent commits must contain it
                    // when the copy is gone.
                    merged = new SessionDelta().ApplyTo(merged, issued);
                    local.Recovered(key, merged, isComplete: true, answer.Previous);
                    local.Copies.Publish(key, merged, answer.Lease, mark, usedAt);
                    return (merged, true);
                case WriteOutcome.Committed:
                    // Merged into something this node has not seen: what is stored now is known
                    // only to the store.
                    losses.LostCommit();
                    var known = local.Recovered(key, copy, isComplete: false, answer.Previous);
                    local.Copies.PutIncomplete(key, merged, known.IsDiverged);
                    return await ReadAnewAsync(key, deadline).ConfigureAwait(false) is { } read
                        ? (read, true)
                        : (merged, false);
                case WriteOutcome.Unchanged when stored is not null && answer.Previous == stored.Version:
                    // Somebody else has brought all of it.
                    local.Copies.Publish(key, stored, answer.Lease, mark, usedAt);
                    return (stored, true);
                case WriteOutcome.Unchanged when stored is null && answer.Previous == copy.Version:
                    local.Copies.Publish(key, copy, answer.Lease, mark, usedAt); // Restored by somebody else meanwhile.
                    return (copy, true);
                case WriteOutcome.Unchanged when stored is null:
                    return await ReadAnewAsync(key, deadline).ConfigureAwait(false) is { } more
                        ? (more, true)
                        : (merged, false);
                case WriteOutcome.Missing when stored is null:
                    // It has expired; or, for Amend, it is not there and must not be made.
                    return (Tombstone(version), true);
                default:
                    return (Unstored(key, merged, stored), false);
            }
        }

        return (Unstored(key, merged, stored), false);
    }

    /// <summary>
    /// Reads the session again, and puts what the store has here as the local copy.
    /// </summary>
    /// <returns>What the store has, or null where it has nothing or did not respond.</returns>
    public async Task<SessionRecord?> ReadAnewAsync(SessionKey key, StoreDeadline deadline = default)
    {
        var mark = local.Copies.Mark(key);
        var read = await store.ReadAsync(key, SessionVersion.None, deadline).ConfigureAwait(false);
        if (read.Outcome == StoreReadOutcome.Found)
        {
            local.Publish(key, read, mark);
        }

        return read.Record;
    }

    /// <summary>
    /// The store did not take it: what was merged here becomes an incomplete copy, since the client
    /// is shown it and this node must be able to go on with it. Where the store had nothing,
    /// nothing was merged, and what this node has stays as it is.
    /// </summary>
    private SessionRecord Unstored(SessionKey key, SessionRecord merged, SessionRecord? stored)
    {
        if (stored is not null)
        {
            local.Copies.PutIncomplete(key, merged);
        }

        return merged;
    }

    private static SessionRecord Tombstone(SessionVersion version)
    {
        using var builder = SessionRecordBuilder.Rent();
        builder.SetHeader(SessionRecord.DestroyedFlag, DateTimeOffset.UnixEpoch);
        builder.AddCommit(version);
        return builder.Build();
    }
}
