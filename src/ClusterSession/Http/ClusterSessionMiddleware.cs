using ClusterSession.Diagnostics;
using ClusterSession.Http.Cookies;
using ClusterSession.Opening;
using ClusterSession.Stores;
using ClusterSession.Touching;
using Microsoft.AspNetCore.Http;

namespace ClusterSession.Http;

/// <summary>
/// The way of a request.
/// </summary>
/// <remarks>
/// <code>
/// 1 access    does the endpoint use a session at all? Has this HttpContext one already (an error
///             page)?
/// 2 identify  cookie -> id and last commit seen; if it names an unknown key, the key ring is read
///             again; a cookie that was not issued here means "no session"
/// 3 open      a local copy that SessionOpener allows, without a task; else the store
/// 4 use       the application runs, with HttpContext.Session
/// 5 commit    before the headers leave (SessionResponse), at the latest when the run ends or
///             callbacks have run
/// 6 cookie    when the headers leave (ResponseCookie)
/// </code>
/// With a local copy and no changes nothing here is asynchronous.
/// </remarks>
internal sealed class ClusterSessionMiddleware(
    RequestDelegate next,
    RequestSessionServices services,
    SessionOpener opener,
    SessionChooser chooser,
    SuccessorFinder successors,
    SessionTouches touches,
    SessionMetrics metrics
)
{
    private readonly ClusterSessionOptions _options = services.Options;
    private readonly RequestCookies _cookies = new(services.Options.Cookie.Name!, services.Cookies, services.KeyRing);

    public Task InvokeAsync(HttpContext context)
    {
        // 1 access
        var access = context.GetEndpoint()?.Metadata.GetMetadata<SessionAccessAttribute>();
        if (access?.Concurrency == SessionConcurrency.None)
        {
            return next(context);
        }

        if (RequestSession.Of(context) is { } present)
        {
            return RunAgainAsync(context, present, access);
        }

        // 2 identify
        var cookie = _cookies.Read(context.Request, out var hasSeveral);
        var session = new RequestSession(services, context, access, cookie.Result != CookieResult.None);
        if (cookie.Result == CookieResult.None)
        {
            return RunAsync(context, session);
        }

        // 3 open
        if (
            cookie.Result == CookieResult.Valid
            && !hasSeveral
            && opener.TryOpenLocal(cookie.Key, cookie.Seen, out var copy)
        )
        {
            session.Begin(cookie, OpenedSession.Opened(copy.Record, SessionSource.LocalCopy));
            touches.Used(cookie.Key, copy, session.Progress.Prolongs);
            return RunAsync(context, session);
        }

        return OpenAndRunAsync(context, session, cookie, hasSeveral);
    }

    private async Task OpenAndRunAsync(
        HttpContext context,
        RequestSession session,
        CookieReading cookie,
        bool hasSeveral
    )
    {
        var deadline = session.BeginWaiting();
        if (cookie.Result == CookieResult.UnknownKey)
        {
            var reading = services.KeyRing.Current is null
                ? services.KeyRing.LoadAsync(context.RequestAborted)
                : services.KeyRing.ReloadAsync(context.RequestAborted);
            var ring = await deadline.LimitAsync(reading, null).ConfigureAwait(false);
            if (ring is null)
            {
                if (ServeEmptyOrReject(context, session, StoreFailure.Unreachable))
                {
                    await RunAsync(context, session).ConfigureAwait(false);
                }

                return;
            }

            cookie = _cookies.Read(context.Request, out hasSeveral);
        }

        if (cookie.Result != CookieResult.Valid)
        {
            metrics.RefusedCookies.Add(1);
            services.Logger.CookieRefused(
                cookie.Result == CookieResult.UnknownKey
                    ? "signed by a key that is not in the ring"
                    : "not issued by this application, or changed"
            );
        }
        else
        {
            var found = await OpenAsync(context, cookie, hasSeveral, deadline).ConfigureAwait(false);
            session.EndWaiting(deadline);
            if (found is not { } open)
            {
                session.State.Identity.StandAside();
                await RunAsync(context, session).ConfigureAwait(false);
                return;
            }

            if (
                open.Opened.Outcome == OpenOutcome.Unavailable
                && !ServeEmptyOrReject(context, session, open.Opened.Failure)
            )
            {
                return;
            }

            Begin(session, open);
        }

        await RunAsync(context, session).ConfigureAwait(false);
    }

    /// <summary>Opens the session that the cookie names, or the one that it has become.</summary>
    /// <returns>Null where the request is to have an empty session for itself.</returns>
    private async ValueTask<FoundSession?> OpenAsync(
        HttpContext context,
        CookieReading cookie,
        bool hasSeveral,
        StoreDeadline deadline
    )
    {
        using var activity = SessionActivities.Opening();
        var found = hasSeveral
            ? await chooser.ChooseAsync(context, _cookies, deadline).ConfigureAwait(false)
            : new FoundSession(
                cookie,
                await opener.OpenAsync(cookie.Key, cookie.Seen, deadline, context.RequestAborted).ConfigureAwait(false)
            );
        SessionActivities.Opened(activity, found.Opened.OutcomeTag, found.Opened.Failure);
        return found.Opened.Successor is null
            ? found
            : await successors.FollowAsync(context, found.Cookie, found.Opened, deadline).ConfigureAwait(false);
    }

    private void Begin(RequestSession session, in FoundSession found)
    {
        var (cookie, opened, isSuccessor) = found;
        switch (opened.Outcome)
        {
            case OpenOutcome.Opened:
                session.Begin(cookie, opened);
                if (isSuccessor)
                {
                    session.State.NameSuccessor();
                }

                touches.Used(cookie.Key, session.Progress.Prolongs);
                break;
            case OpenOutcome.Missing:
                session.State.Attributes.IsRegressed = opened.IsRegressed;
                break;
            case OpenOutcome.Destroyed:
                break;
        }
    }

    /// <summary>
    /// The pipeline comes by again: a nested UseClusterSession, or the run of an error page. It is
    /// the same session, used as the endpoint of this run says.
    /// </summary>
    private Task RunAgainAsync(HttpContext context, RequestSession session, SessionAccessAttribute? access)
    {
        session.Use(access);
        if (session.Progress.IsRunning)
        {
            return next(context);
        }

        if (session.IsStored)
        {
            touches.Used(session.Key, session.Progress.Prolongs);
        }

        return RunAsync(context, session);
    }

    // 4 use
    private Task RunAsync(HttpContext context, RequestSession session)
    {
        RequestRuns.Begin(session);
        Task running;
        try
        {
            running = next(context);
        }
        catch (Exception failure)
        {
            running = Task.FromException(failure);
        }

        if (!running.IsCompletedSuccessfully)
        {
            return FinishAsync(context, session, running);
        }

        NoteEnd(session);
        var finishing = RequestRuns.FinishAsync(session);
        return finishing.IsCompletedSuccessfully ? Task.CompletedTask : finishing.AsTask();
    }

    /// <summary>
    /// The end of a request is a use of its session too: it may have run for long. A commit that
    /// comes after this end counts as a use anyway.
    /// </summary>
    private void NoteEnd(RequestSession session)
    {
        if (session is { IsStored: true, Progress.Prolongs: true })
        {
            touches.RequestEnded(session.Key);
        }
    }

    // 5 commit
    private async Task FinishAsync(HttpContext context, RequestSession session, Task running)
    {
        try
        {
            await running.ConfigureAwait(false);
        }
        catch (SessionUnavailableException unavailable) when (!context.Response.HasStarted)
        {
            services.Logger.CommitFailed(unavailable.Failure);
            RequestRuns.Abandon(session);
            session.State.Reject();
            SessionResponse.Reject(
                context,
                _options.RetryAfter,
                session.Progress.FailureOfRequest(unavailable.Failure)
            );
            return;
        }
        catch
        {
            await CommitDespiteExceptionAsync(session).ConfigureAwait(false);
            throw;
        }
        finally
        {
            NoteEnd(session);
        }

        await RequestRuns.FinishAsync(session).ConfigureAwait(false);
    }

    private async ValueTask CommitDespiteExceptionAsync(RequestSession session)
    {
        try
        {
            await RequestRuns.FinishAfterExceptionAsync(session).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // The exception of the application is the one that its handlers must see.
            services.Logger.CommitFailed(StoreFailure.Unknown);
        }
    }

    /// <summary>
    /// Answers with 503, or gives the request an empty session for itself; true if it may go on.
    /// </summary>
    private bool ServeEmptyOrReject(HttpContext context, RequestSession session, StoreFailure failure)
    {
        services.Logger.OpenFailed(failure, _options.OnStoreUnavailable);
        session.State.Identity.IsAvailable = false;
        if (_options.OnStoreUnavailable == SessionOutagePolicy.ServeEmpty)
        {
            return true;
        }

        RequestRuns.Attach(session); // For the error page.
        session.State.Reject();
        // Whatever the failure of the read was: no commit was sent, and the header says that.
        SessionResponse.Reject(context, _options.RetryAfter, StoreFailure.Unreachable);
        return false;
    }
}
