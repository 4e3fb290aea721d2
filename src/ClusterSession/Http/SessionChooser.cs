using ClusterSession.Diagnostics;
using ClusterSession.Http.Cookies;
using ClusterSession.Opening;
using ClusterSession.Principals;
using ClusterSession.Stores;
using Microsoft.AspNetCore.Http;

namespace ClusterSession.Http;

/// <summary>
/// Chooses the session of a request that came with several cookies of our name. It is the living
/// session of the user who is logged in, or else the first living one.
/// </summary>
/// <remarks>
/// Without the check of the login, a cookie that a sibling domain has planted could win. A session
/// that cannot be read may be the user's: then the request is answered as any whose session cannot
/// be read, unless the user's has been found. Thread-safe.
/// </remarks>
internal sealed class SessionChooser(RequestSessionServices services, SessionOpener opener, SuccessorFinder successors)
{
    private int _isWarned;

    /// <summary>
    /// Opens the sessions one after the other until it is clear which one it is. Where none lives,
    /// a living one may be behind a cookie whose key this node does not know yet: the ring is read
    /// anew, at most once a second.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="cookies">Its cookies, of which at least one is valid.</param>
    /// <param name="deadline">Until when the store is waited for.</param>
    public async ValueTask<FoundSession> ChooseAsync(
        HttpContext context,
        RequestCookies cookies,
        StoreDeadline deadline
    )
    {
        var valid = cookies.ReadAll(context.Request, out var hasUnknownKey);
        var chosen = await ChooseAsync(context, valid, deadline).ConfigureAwait(false);
        if (!hasUnknownKey || chosen.Opened.Outcome is not (OpenOutcome.Missing or OpenOutcome.Destroyed))
        {
            return chosen;
        }

        var reading = services.KeyRing.ReloadAsync(context.RequestAborted);
        if (await deadline.LimitAsync(reading, null).ConfigureAwait(false) is null)
        {
            return chosen.Opened.Successor is null
                ? chosen with
                {
                    Opened = OpenedSession.Unavailable(StoreFailure.Unreachable),
                }
                : chosen;
        }

        var known = cookies.ReadAll(context.Request, out _);
        return known.Count > valid.Count ? await ChooseAsync(context, known, deadline).ConfigureAwait(false) : chosen;
    }

    private async ValueTask<FoundSession> ChooseAsync(
        HttpContext context,
        List<CookieReading> cookies,
        StoreDeadline deadline
    )
    {
        if (cookies.Count > 1 && Interlocked.Exchange(ref _isWarned, 1) == 0)
        {
            services.Logger.SeveralCookies(services.Options.Cookie.Name!);
        }

        PrincipalKey? login = services.Options.Principal(context) is { Length: > 0 } name
            ? services.Principals.KeyOf(name)
            : null;
        FoundSession? alive = null,
            unavailable = null,
            gone = null;
        foreach (var cookie in cookies)
        {
            var opened = await opener
                .OpenAsync(cookie.Key, cookie.Seen, deadline, context.RequestAborted)
                .ConfigureAwait(false);
            switch (opened.Outcome)
            {
                case OpenOutcome.Opened when cookies.Count == 1 || login is null || IsOf(login.Value, opened):
                    return new(cookie, opened);
                case OpenOutcome.Opened:
                    alive ??= new(cookie, opened);
                    break;
                case OpenOutcome.Destroyed
                    when opened.Successor is not null
                        && login is not null
                        && await successors.FollowAsync(context, cookie, opened, deadline).ConfigureAwait(false)
                            is { Opened.Outcome: OpenOutcome.Opened } followed:
                    return followed; // The browser's own, whose id its login has changed a moment ago.
                case OpenOutcome.Unavailable when login is null:
                    return new(cookie, opened);
                case OpenOutcome.Unavailable:
                    unavailable ??= new(cookie, opened);
                    break;
                default:
                    gone ??= new(cookie, opened);
                    break;
            }
        }

        return unavailable ?? alive ?? gone!.Value;
    }

    private static bool IsOf(PrincipalKey login, in OpenedSession opened) =>
        SessionPrincipal.IsIn(opened.Record!, login);
}
