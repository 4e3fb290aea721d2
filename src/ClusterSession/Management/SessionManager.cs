using System.Text;
using ClusterSession.Committing;
using ClusterSession.Diagnostics;
using ClusterSession.KeyRing;
using ClusterSession.Local;
using ClusterSession.Principals;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using Microsoft.AspNetCore.Http;

namespace ClusterSession.Management;

/// <inheritdoc/>
internal sealed class SessionManager(
    StoreGuard store,
    NodeSessions local,
    SessionEnds ends,
    PrincipalLogout logout,
    KeyRingSource keyRing,
    TimeProvider time,
    IHttpContextAccessor? requests = null
) : ISessionManager
{
    public SessionStatistics GetStatistics() =>
        new(
            store.Name,
            store.Partitions.All(partition => !store.IsGivenUp(partition.Number)),
            local.Copies.Count,
            local.Copies.Bytes,
            local.Pending.Count,
            local.Pending.Bytes,
            local.Pending.Oldest is { } oldest ? time.GetUtcNow() - oldest : null,
            local.Recent.Count
        )
        {
            Partitions =
            [
                .. store.Partitions.Select(partition => new PartitionStatistics(
                    store.NameOf(partition.Number),
                    !store.IsGivenUp(partition.Number)
                )
                {
                    IsRevalidated = partition.IsRevalidated,
                }),
            ],
        };

    public async Task<bool> EndAsync(string sessionId)
    {
        ArgumentNullException.ThrowIfNull(sessionId);
        if (!SessionKey.TryParse(Encoding.UTF8.GetBytes(sessionId), out var key))
        {
            throw new ArgumentException(
                "This is not the id of a session. Use what ISession.Id says, 22 characters.",
                nameof(sessionId)
            );
        }

        // A session whose id was changed goes on under another key, with this one as its name.
        var read = await store.ReadAsync(key, SessionVersion.None, default).ConfigureAwait(false);
        if (read is { Outcome: StoreReadOutcome.Destroyed, Successor: null or { IsOthers: true } })
        {
            return false;
        }

        var mayHaveMoved = read.Outcome is StoreReadOutcome.Missing or StoreReadOutcome.Destroyed;
        if (mayHaveMoved)
        {
            await logout.EndNamedAsync(key).ConfigureAwait(false);
        }

        var ended = await ends.DestroyAsync(key).ConfigureAwait(false);
        return ended.Outcome switch
        {
            CommitOutcome.Committed => true,
            CommitOutcome.AlreadyEnded => mayHaveMoved,
            CommitOutcome.EndKept => throw new SessionUnavailableException(
                "The end of the session has not reached the store, which is not responding. It holds on this node, "
                    + "which sends it until the store takes it.",
                StoreFailure.Unknown
            ),
            _ => throw new SessionUnavailableException(
                $"The session could not be ended: {FailureWords.Of(ended.Failure)}.",
                ended.Failure
            ),
        };
    }

    public Task<EndAllResult> EndAllAsync(string principal)
    {
        ArgumentException.ThrowIfNullOrEmpty(principal);
        return logout.EndAsync(PrincipalKey.Of(principal), requests?.HttpContext, isCurrentKept: false);
    }

    public Task<EndAllResult> EndAllAsync(string principal, HttpContext exceptCurrent)
    {
        ArgumentException.ThrowIfNullOrEmpty(principal);
        ArgumentNullException.ThrowIfNull(exceptCurrent);
        return logout.EndAsync(PrincipalKey.Of(principal), exceptCurrent, isCurrentKept: true);
    }

    public async Task RotateKeysAsync(bool revoke, CancellationToken cancellationToken = default)
    {
        var failure = await keyRing.RotateAsync(revoke, cancellationToken).ConfigureAwait(false);
        if (failure != StoreFailure.None)
        {
            throw new SessionUnavailableException(
                "The new key that signs cookies is not known to be stored. Call again when the store is responding: "
                    + "one key more does no harm.",
                failure
            );
        }
    }
}
