using ClusterSession.Committing;
using ClusterSession.Diagnostics;
using ClusterSession.Local;
using ClusterSession.Principals;
using ClusterSession.Records;
using ClusterSession.Revoking;
using ClusterSession.Stores;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Opening;

/// <summary>
/// Opens a session for a request, in two calls: <see cref="TryOpenLocal"/> for this node's copy if
/// that may be used without asking, and, if it returns false, <see cref="OpenAsync"/>, which asks
/// the store, unless another request has just brought a fresh copy. Neither opens one whose
/// principal's sessions were all ended. Thread-safe.
/// </summary>
internal sealed class SessionOpener(
    NodeSessions local,
    SessionFinder finder,
    Revocations revocations,
    SessionEnds ends,
    ILogger<SessionOpener> logger
)
{
    /// <summary>The fast way: no task, no allocation, no store.</summary>
    public bool TryOpenLocal(SessionKey key, SessionVersion seen, out LocalCopy copy) =>
        local.Copies.TryGet(key, out copy)
        && copy.IsFresh
        && local.IsUsable(copy) // Neither idle nor past its end.
        && copy.Record.Contains(seen)
        && revocations.Allow(copy);

    /// <summary>
    /// Opens what <see cref="SessionFinder"/> finds: in the store, at other nodes, or in this
    /// node's copy, where the store's answer allows that, or where it gives none.
    /// </summary>
    /// <param name="key">Which session.</param>
    /// <param name="seen">The commit that the client has seen.</param>
    /// <param name="deadline">Until when the request waits.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async ValueTask<OpenedSession> OpenAsync(
        SessionKey key,
        SessionVersion seen,
        StoreDeadline deadline,
        CancellationToken cancellationToken
    )
    {
        var opened = await finder.FindAsync(key, seen, deadline, cancellationToken).ConfigureAwait(false);
        return opened.Record is { } record && SessionPrincipal.IsIn(record)
            ? await CheckRevokedAsync(key, opened, record, deadline).ConfigureAwait(false)
            : opened;
    }

    /// <summary>
    /// Answers <see cref="OpenOutcome.Destroyed"/> if all sessions of the principal were ended. If
    /// the store has answered, its revocations are read first, unless those known here are current.
    /// If it does not respond to that, the known ones count. A node that has never read any answers
    /// <see cref="OpenOutcome.Unavailable"/>.
    /// </summary>
    private async ValueTask<OpenedSession> CheckRevokedAsync(
        SessionKey key,
        OpenedSession opened,
        SessionRecord record,
        StoreDeadline deadline
    )
    {
        var hasStoreAnswered = opened.Source != SessionSource.LocalCopy;
        if (
            hasStoreAnswered
            && !await deadline.LimitAsync(revocations.EnsureCurrentAsync(), false).ConfigureAwait(false)
            && !revocations.HaveBeenRead
        )
        {
            return OpenedSession.Unavailable(StoreFailure.Unknown);
        }

        if (!revocations.HaveEnded(record))
        {
            return opened;
        }

        if (hasStoreAnswered)
        {
            logger.SessionEndedWithPrincipal();
            // Ended in the store too: its tombstone stays when the revocation is forgotten.
            await ends.DestroyAsync(key, deadline).ConfigureAwait(false);
        }

        return OpenedSession.None(OpenOutcome.Destroyed);
    }
}
