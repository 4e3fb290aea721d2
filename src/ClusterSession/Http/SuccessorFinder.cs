using ClusterSession.Http.Cookies;
using ClusterSession.Opening;
using ClusterSession.Principals;
using ClusterSession.Records;
using ClusterSession.Stores;
using Microsoft.AspNetCore.Http;

namespace ClusterSession.Http;

/// <summary>
/// Finds the session of a request whose cookie names an id that was rotated lately: the browser's
/// requests that were under way when the user logged in.
/// </summary>
/// <remarks>
/// <code>
/// rotated longer ago than RotationGrace, or ended             a dead cookie
/// the request is logged in, and the successor is that user's  the successor, and the response
///                                                             names it
/// else                                                        an empty session for this request
///                                                             alone
/// </code>
/// A client that brings the old id alone gets nothing: an attacker may have planted it before the
/// login. The age of the tombstone is computed from the life that the store says is left; no wall
/// clock is used. Thread-safe.
/// </remarks>
internal sealed class SuccessorFinder(RequestSessionServices services, SessionOpener opener)
{
    /// <summary>
    /// How many rotations are followed, one after the other. A user who logs in and then gets more
    /// rights within the grace has two.
    /// </summary>
    private const int MaxSteps = 4;

    /// <summary>Follows a rotated session.</summary>
    /// <returns>The cookie and the session that count; null where the request is to have an empty
    /// session for itself.</returns>
    public async ValueTask<FoundSession?> FollowAsync(
        HttpContext context,
        CookieReading cookie,
        OpenedSession opened,
        StoreDeadline deadline
    )
    {
        var step = 0;
        while (
            opened is { Outcome: OpenOutcome.Destroyed, Successor: { } successor }
            && opened.Age <= services.Options.RotationGrace
            && step++ < MaxSteps
            && SuccessorSeal.TryOpen(cookie.Id, successor, out var id)
        )
        {
            cookie = new CookieReading(CookieResult.Valid, id, successor.Key, SessionVersion.None, cookie.KeyId);
            opened = await opener
                .OpenAsync(cookie.Key, cookie.Seen, deadline, context.RequestAborted)
                .ConfigureAwait(false);
        }

        if (step == 0 || opened.Outcome == OpenOutcome.Unavailable)
        {
            return new(cookie, opened, IsSuccessor: step > 0);
        }

        return
            opened.Outcome == OpenOutcome.Opened && await IsOfLoginAsync(context, opened.Record!).ConfigureAwait(false)
            ? new(cookie, opened, IsSuccessor: true)
            : null;
    }

    /// <summary>
    /// Whether the session is that of the request's login. For a session that has a person the
    /// request is authenticated first, if that was not done yet.
    /// </summary>
    private async ValueTask<bool> IsOfLoginAsync(HttpContext context, SessionRecord record)
    {
        var person = SessionPerson.Of(record) is null
            ? null
            : await services.SignIns.Persons.FindAsync(context).ConfigureAwait(false);
        return SessionLogin.Of(person, services.PrincipalOf(context))?.Owns(record) == true;
    }
}
