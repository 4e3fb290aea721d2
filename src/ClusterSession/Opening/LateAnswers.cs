using ClusterSession.Lifetime;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Recovery;
using ClusterSession.Stores;

namespace ClusterSession.Opening;

/// <summary>
/// Applies what the store answers after the requests have gone on with their copy. Without it a
/// store that is always later than the soft timeout would never be heard: a stale copy, or that of
/// an ended session, would be served for as long as the link is slow. Thread-safe.
/// </summary>
internal sealed class LateAnswers(NodeSessions local, SessionRepair repair, SessionLifetime lifetime)
{
    /// <summary>Makes this node know what the answer says, as the request would have.</summary>
    /// <param name="key">Which session.</param>
    /// <param name="read">The answer.</param>
    /// <param name="mark">The mark that was taken before the store was asked.</param>
    /// <param name="seen">The commit that a client who waited had seen.</param>
    public async ValueTask ApplyAsync(SessionKey key, StoreRead read, int mark, SessionVersion seen)
    {
        local.Copies.TryGet(key, out var copy);
        switch (read.Outcome)
        {
            case StoreReadOutcome.Destroyed:
                local.Absent.Ended(key);
                local.Copies.Drop(key);
                break;
            case StoreReadOutcome.Found
                when IsKnown(copy, read.Record!) || local.MustWaitForOthers(key, read.Record!, copy, seen):
                break;
            case StoreReadOutcome.Found when copy is null || copy.IsContainedIn(read.Record!):
                if (!lifetime.IsPastAbsoluteEnd(read.Record!))
                {
                    local.Publish(key, read, mark);
                }

                break;
            case StoreReadOutcome.Found:
                await repair.RecoverAsync(key, copy.Record, read.Record).ConfigureAwait(false);
                break;
            case StoreReadOutcome.Unchanged
                when copy is { IsComplete: true } && !lifetime.IsPastAbsoluteEnd(copy.Record):
                local.Confirm(key, copy, read, mark);
                break;
        }
    }

    /// <summary>A commit of this node has overtaken the read.</summary>
    private static bool IsKnown(LocalCopy? copy, SessionRecord stored) =>
        copy is { IsFresh: true } && copy.Record.ContainsAllOf(stored);
}
