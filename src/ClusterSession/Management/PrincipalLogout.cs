using ClusterSession.Committing;
using ClusterSession.Diagnostics;
using ClusterSession.Documents;
using ClusterSession.Http;
using ClusterSession.Local;
using ClusterSession.Opening;
using ClusterSession.Principals;
using ClusterSession.Records;
using ClusterSession.Revoking;
using ClusterSession.Stores;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Management;

/// <summary>
/// Ends all sessions of somebody, or all but the session and the logins of the calling request.
/// Those that stay are recorded anew before the end, as knowing it: otherwise another request of
/// the same browser would find them ended in between.
/// </summary>
internal sealed class PrincipalLogout(
    Revocations revocations,
    NodePresence presence,
    SessionOpener opener,
    SessionCommitter committer,
    NodeSessions local,
    IOptions<ClusterSessionOptions> options,
    TimeProvider time,
    ILogger<PrincipalLogout> logger
)
{
    public async Task<EndAllResult> EndAsync(PrincipalKey principal, HttpContext? request, bool isCurrentKept)
    {
        var number = revocations.DrawNumber();
        if (request is not null)
        {
            var ends = RequestRevocations.Of(request, revocations);
            ends.Made(principal, number, isCurrentKept);
            if (isCurrentKept)
            {
                await KeepAsync(principal, number, request, ends).ConfigureAwait(false);
            }
        }

        await EndAsync(principal, number, "The end of all sessions of this principal").ConfigureAwait(false);
        var (serving, heard) = await presence.WaitForAllAsync(revocations.Position).ConfigureAwait(false);
        if (serving == 0)
        {
            logger.EndAllUnheard(options.Value.ApplicationName, options.Value.KeyPrefix);
        }

        return new EndAllResult(serving, heard);
    }

    /// <summary>Ends the session that has this name, whatever its key is by now.</summary>
    public Task EndNamedAsync(SessionKey name) =>
        EndAsync(SessionName.PrincipalOf(name), revocations.DrawNumber(), "The end of the session");

    private async Task EndAsync(PrincipalKey principal, long number, string what)
    {
        if (await revocations.EndAsync(principal, number).ConfigureAwait(false) != StoreFailure.None)
        {
            // Unknown, whatever the store said last: it is sent on, and will have happened.
            throw new SessionUnavailableException(
                $"{what} has not reached the store; it holds on this node, and is sent until the store takes it.",
                StoreFailure.Unknown
            );
        }
    }

    private async Task KeepAsync(PrincipalKey principal, long number, HttpContext request, RequestRevocations ends)
    {
        if (RequestSession.Of(request) is { } session)
        {
            await session.KeepAsync(principal, number).ConfigureAwait(false);
            ThrowIfPending(session.Key);
        }

        foreach (var login in ends.Logins)
        {
            await KeepLoginAsync(login, principal, number).ConfigureAwait(false);
        }
    }

    private async Task KeepLoginAsync(SessionKey login, PrincipalKey principal, long number)
    {
        var deadline = new StoreDeadline(time, options.Value.Outage.HardTimeout);
        var opened = await opener
            .OpenAsync(login, SessionVersion.None, deadline, CancellationToken.None)
            .ConfigureAwait(false);
        if (opened.Outcome == OpenOutcome.Unavailable)
        {
            throw Unavailable(opened.Failure);
        }

        if (opened.Record is not { } record || DeltaOf(record, principal, number) is not { } delta)
        {
            return; // Ended, or somebody else's.
        }

        var kept = await committer
            .CommitAsync(login, record, opened.IsComplete, delta, options.Value.Durability, deadline)
            .ConfigureAwait(false);
        if (kept.Outcome == CommitOutcome.Unavailable)
        {
            throw Unavailable(kept.Failure);
        }

        ThrowIfPending(login);
    }

    /// <summary>
    /// A record that only this node has would not be seen by the others, which end for good what
    /// they find ended.
    /// </summary>
    private void ThrowIfPending(SessionKey key)
    {
        if (local.Pending.Contains(key))
        {
            throw Unavailable(StoreFailure.Unreachable);
        }
    }

    private SessionDelta? DeltaOf(SessionRecord record, PrincipalKey principal, long number)
    {
        if (!SessionPrincipal.TryFind(record, principal, out var name, out var payload))
        {
            return null;
        }

        var delta = new SessionDelta();
        delta.Set(name, revocations.Extend(payload, number));
        return delta;
    }

    private static SessionUnavailableException Unavailable(StoreFailure failure) =>
        new(
            $"That the login of this request stays could not be stored: {FailureWords.Of(failure)}. Nothing has ended.",
            failure
        );
}
