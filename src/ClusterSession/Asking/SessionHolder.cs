using ClusterSession.Lifetime;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Recovery;
using ClusterSession.Revoking;
using ClusterSession.Stores;

namespace ClusterSession.Asking;

/// <summary>
/// Restores what another node asks for, if this node has it: the whole session, within its idle
/// time, and not ended. Thread-safe.
/// </summary>
/// <remarks>
/// <code>
/// this node                                           does                       answers
/// knows its end                                       sends that again           ended
/// has what is pending of it                           sends that                 restored
/// has a copy, or its own commit, that is all of it    stores it, or merges it    restored
///   the same, changed by another node since,
///   and the store may have lost ends                  merges it into what is     restored, or may
///                                                     there                      not restore
/// has something that is not all of it                 -                          may not restore
/// has nothing, or what is past its idle time or its   -                          nothing of it
///   absolute end, or was ended with its principal
/// </code>
/// It is stored with the life that is left since the last use that this node knows of. Being asked
/// for does not count as a use.
/// </remarks>
internal sealed class SessionHolder(
    NodeSessions local,
    StoreReplay replay,
    SessionRepair repair,
    JournalSender sender,
    StoreRecovery recovery,
    Revocations revocations,
    SessionLifetime lifetime
)
{
    /// <summary>Whether this node has anything to say of a session. Asks nobody.</summary>
    public bool Knows(SessionKey key) =>
        local.Ends.Contains(key)
        || local.Pending.Contains(key)
        || local.Recent.Find(key) is { } commit && lifetime.IsWithinIdleTime(commit.At)
        || local.Copies.TryGet(key, out var copy) && local.IsUsable(copy);

    /// <summary>Does what the table says.</summary>
    /// <returns>The answer; null if the store did not take what this node has of a living session:
    /// nothing may be said of it then. An end is answered whether the store took it or
    /// not.</returns>
    public async ValueTask<AskAnswer?> AnswerAsync(SessionKey key, StoreDeadline deadline)
    {
        if (local.Ends.TryFind(key, out var end, out _))
        {
            await replay.SendEndAsync(key, end).ConfigureAwait(false);
            return AskAnswer.Ended;
        }

        if (local.Pending.Find(key).Record is not null)
        {
            return await sender.SendAsync(key, deadline).ConfigureAwait(false) ? AskAnswer.Restored : null;
        }

        if (Held(key) is not { } held || revocations.HaveEnded(held.Record) || lifetime.IsPastAbsoluteEnd(held.Record))
        {
            return AskAnswer.None;
        }

        if (!held.IsComplete)
        {
            return AskAnswer.MayNotRestore;
        }

        var mustNotCreate = held.IsOutdated && recovery.WindowOf(key).MayHaveLostEnds;
        var (record, isComplete) = await repair
            .RecoverAsync(
                key,
                held.Record,
                stored: null,
                deadline,
                held.UsedAt,
                mustNotCreate ? MergeMode.Amend : MergeMode.Restore
            )
            .ConfigureAwait(false);
        return (record.IsDestroyed, isComplete) switch
        {
            (true, _) => local.Ends.Contains(key) ? AskAnswer.Ended
            : mustNotCreate ? AskAnswer.MayNotRestore
            : AskAnswer.None,
            (_, true) => AskAnswer.Restored,
            _ => null,
        };
    }

    private HeldSession? Held(SessionKey key)
    {
        var copy = local.Copies.TryGet(key, out var found) && local.IsUsable(found) ? found : null;
        if (copy is { IsComplete: true })
        {
            return new HeldSession(copy.Record, copy.LastUse, IsComplete: true, !copy.IsCurrent);
        }

        var commit = local.Recent.Find(key) is { } recent && lifetime.IsWithinIdleTime(recent.At) ? recent : null;
        if (copy is null && commit is null)
        {
            return null;
        }

        return copy is null && commit!.IsComplete
            ? new HeldSession(commit.Record, local.Copies.Clock.At(commit.At), IsComplete: true, commit.IsOutdated)
            : new HeldSession((copy?.Record ?? commit!.Record), UsedAt: 0, IsComplete: false, IsOutdated: true);
    }

    private readonly record struct HeldSession(SessionRecord Record, int UsedAt, bool IsComplete, bool IsOutdated);
}
