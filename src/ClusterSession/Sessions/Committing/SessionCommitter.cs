using System.Text;
using ClusterSession.Diagnostics;
using ClusterSession.Sessions.Copies;
using ClusterSession.Stores;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Sessions.Committing;

/// <summary>
/// Brings a request's changes to the store, and this node's copy up to what the store then has.
/// </summary>
/// <remarks>
/// After a commit whose base was still the stored version, base plus changes is what the store has, and becomes the local copy.
/// Otherwise others committed in between: the commit stands, but a copy made of this base would have the newest version and
/// lack their changes, so the local copy is dropped and read anew by the next request.
/// Thread-safe.
/// </remarks>
internal sealed class SessionCommitter(
    IClusterSessionStore store, LocalCopies copies, HybridClock clock, SessionLifetime lifetime, IOptions<ClusterSessionOptions> options,
    SessionMetrics metrics, ILogger<SessionCommitter> logger)
{
    private const int MostAttempts = 8;
    private static readonly string[] NothingForgotten = [];

    public async ValueTask<CommitResult> CommitAsync(SessionKey key, SessionRecord record, SessionDelta delta, SessionDurability durability)
    {
        var forgetBefore = lifetime.ForgetRemovedBefore();
        var forgotten = FindForgotten(record, forgetBefore);
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            var mark = copies.Mark(key);
            clock.Observe(record.Version);
            var version = clock.Next();
            var change = new SessionChange(
                record.Version, version, delta, forgotten, lifetime.LifeOf(record), ReplicasFor(durability), options.Value.ReplicaTimeout);
            var answer = await store.CommitAsync(key, change, CancellationToken.None).ConfigureAwait(false);
            clock.Observe(answer.Previous);
            switch (answer.Outcome)
            {
                case StoreCommitOutcome.Superseded:
                    continue;
                case StoreCommitOutcome.Committed:
                    CheckReplicas(change.Replicas, answer.Replicas);
                    var changed = delta.ApplyTo(record, version, forgetBefore);
                    if (answer.Previous == record.Version)
                    {
                        copies.Publish(key, changed, answer.Lease, mark, copies.Clock.Now);
                    }
                    else
                    {
                        copies.Drop(key);
                    }

                    metrics.Committed.Add(1);
                    return CommitResult.Committed(changed);
                case StoreCommitOutcome.Missing:
                    metrics.Lost.Add(1);
                    logger.StoreLostSession();
                    return await StoreWholeAsync(key, delta.ApplyTo(record, version, forgetBefore), SessionCopyMode.Restore, durability)
                        .ConfigureAwait(false);
                case StoreCommitOutcome.Destroyed:
                    copies.Drop(key);
                    return CommitResult.Destroyed;
                default:
                    copies.Drop(key);
                    return CommitResult.Unavailable(answer.Failure);
            }
        }

        return CommitResult.Unavailable(StoreFailure.Refused);
    }

    /// <summary>Stores a session that was never stored.</summary>
    public ValueTask<CommitResult> CreateAsync(SessionKey key, SessionRecord record, SessionDelta delta, SessionDurability durability) =>
        StoreWholeAsync(key, delta.ApplyTo(record, clock.Next()), SessionCopyMode.Create, durability);

    /// <summary>Ends a session. <see cref="CommitOutcome.Destroyed"/> if another request has ended it before.</summary>
    public async ValueTask<CommitResult> DestroyAsync(SessionKey key)
    {
        var answer = await store.DestroyAsync(key, clock.Next(), lifetime.TombstoneLife, CancellationToken.None).ConfigureAwait(false);
        clock.Observe(answer.Previous);
        copies.Drop(key);
        return answer.Outcome switch
        {
            StoreCommitOutcome.Committed => new CommitResult(CommitOutcome.Committed, null, StoreFailure.None),
            StoreCommitOutcome.Destroyed => CommitResult.Destroyed,
            _ => CommitResult.Unavailable(answer.Failure),
        };
    }

    private async ValueTask<CommitResult> StoreWholeAsync(
        SessionKey key, SessionRecord record, SessionCopyMode mode, SessionDurability durability)
    {
        var version = record.Version;
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            var mark = copies.Mark(key);
            var copy = new SessionCopy(
                record, version, mode, lifetime.LifeOf(record), ReplicasFor(durability), options.Value.ReplicaTimeout);
            var answer = await store.MergeAsync(key, copy, CancellationToken.None).ConfigureAwait(false);
            clock.Observe(answer.Previous);
            switch (answer.Outcome)
            {
                case StoreCommitOutcome.Superseded:
                    version = clock.Next();
                    continue;
                case StoreCommitOutcome.Committed or StoreCommitOutcome.Unchanged:
                    CheckReplicas(copy.Replicas, answer.Replicas);
                    metrics.Committed.Add(1);
                    if (answer.Outcome == StoreCommitOutcome.Committed && answer.Previous.IsNone)
                    {
                        copies.Publish(key, record, answer.Lease, mark, copies.Clock.Now);
                    }
                    else
                    {
                        copies.Drop(key);
                    }

                    return CommitResult.Committed(record);
                case StoreCommitOutcome.Collision:
                    logger.KeyCollision();
                    return CommitResult.Collision;
                case StoreCommitOutcome.Destroyed:
                    copies.Drop(key);
                    return CommitResult.Destroyed;
                default:
                    return CommitResult.Unavailable(answer.Failure);
            }
        }

        return CommitResult.Unavailable(StoreFailure.Refused);
    }

    private int ReplicasFor(SessionDurability durability) => durability == SessionDurability.Replicated ? options.Value.Replicas : 0;

    private void CheckReplicas(int wanted, int reached)
    {
        if (reached < wanted)
        {
            logger.ReplicasShort(reached, wanted);
        }
    }

    private static IReadOnlyList<string> FindForgotten(SessionRecord record, long forgetBefore)
    {
        List<string>? forgotten = null;
        foreach (var attribute in record)
        {
            if (!attribute.Exists && attribute.Version.Stamp < forgetBefore)
            {
                (forgotten ??= []).Add(Encoding.UTF8.GetString(attribute.NameUtf8));
            }
        }

        return forgotten ?? (IReadOnlyList<string>)NothingForgotten;
    }
}
