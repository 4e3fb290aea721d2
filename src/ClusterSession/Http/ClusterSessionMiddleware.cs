using ClusterSession.Diagnostics;
using ClusterSession.Http.Cookies;
using ClusterSession.Sessions;
using ClusterSession.Sessions.Copies;
using ClusterSession.Sessions.Opening;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ClusterSession.Http;

/// <summary>
/// The way of a request.
/// </summary>
/// <remarks>
/// <code>
/// 1 access     does the endpoint use a session at all?
/// 2 identify   cookie -> id and last commit seen; anything wrong with it means "no session"
/// 3 open       fresh local copy, without a task; else the store
/// 4 use        the application runs, with HttpContext.Session
/// 5 commit     before the headers leave (SessionResponse), at the latest here; the cookie names the commit
/// </code>
/// With a local copy and no changes nothing here is asynchronous. A request that throws commits nothing: its client is told that it failed.
/// </remarks>
internal sealed class ClusterSessionMiddleware(
    RequestDelegate next, RequestSessionServices services, SessionOpener opener, SessionTouches touches, SessionMetrics metrics)
{
    private readonly ClusterSessionOptions _options = services.Options;
    private readonly string _cookieName = services.Options.Cookie.Name!;

    public Task InvokeAsync(HttpContext context)
    {
        // 1 access
        var access = context.GetEndpoint()?.Metadata.GetMetadata<SessionAccessAttribute>();
        if (access?.Concurrency == SessionConcurrency.None)
        {
            return next(context);
        }

        // 2 identify
        var session = new RequestSession(services, context, access);
        var cookie = ReadCookie(context);
        if (cookie.Verdict == CookieVerdict.None)
        {
            return RunAsync(context, session);
        }

        // 3 open
        if (cookie.Verdict == CookieVerdict.Valid)
        {
            if (opener.TryOpenLocal(cookie.Key, cookie.Seen, out var copy))
            {
                session.Begin(cookie.Id, cookie.Key, OpenedSession.Opened(copy.Record, SessionSource.LocalCopy));
                touches.Used(cookie.Key, copy, access?.Prolongs ?? true);
                RenewCookieIfOutdated(session, cookie);
                return RunAsync(context, session);
            }
        }

        return OpenAndRunAsync(context, session, cookie, access);
    }

    private async Task OpenAndRunAsync(HttpContext context, RequestSession session, CookieReading cookie, SessionAccessAttribute? access)
    {
        var deadline = session.BeginWaiting();
        if (cookie.Verdict == CookieVerdict.UnknownKey)
        {
            var reading = services.KeyRing.Current is null ? services.KeyRing.LoadAsync(context.RequestAborted) : services.KeyRing.ReloadAsync(context.RequestAborted);
            var ring = await deadline.LimitAsync(reading, null).ConfigureAwait(false);
            if (ring is null)
            {
                if (MayServeUnavailable(context, session, Stores.StoreFailure.Unreachable))
                {
                    await RunAsync(context, session).ConfigureAwait(false);
                }

                return;
            }

            cookie = ReadCookie(context);
        }

        if (cookie.Verdict != CookieVerdict.Valid)
        {
            metrics.RefusedCookies.Add(1);
            services.Logger.CookieRefused(cookie.Verdict == CookieVerdict.UnknownKey ? "signed by a key that is not in the ring" : "not issued here");
        }
        else
        {
            var opened = await opener.OpenAsync(cookie.Key, cookie.Seen, deadline, context.RequestAborted).ConfigureAwait(false);
            session.EndWaiting(deadline);
            if (opened.Outcome == OpenOutcome.Unavailable && !MayServeUnavailable(context, session, opened.Failure))
            {
                return;
            }

            Begin(session, cookie, opened, access);
        }

        await RunAsync(context, session).ConfigureAwait(false);
    }

    private void Begin(RequestSession session, in CookieReading cookie, in OpenedSession opened, SessionAccessAttribute? access)
    {
        switch (opened.Outcome)
        {
            case OpenOutcome.Opened:
                session.Begin(cookie.Id, cookie.Key, opened);
                touches.Used(cookie.Key, access?.Prolongs ?? true);
                RenewCookieIfOutdated(session, cookie);
                break;
            case OpenOutcome.Missing:
                session.BeginInsteadOfExpired(opened.IsRegressed);
                break;
            case OpenOutcome.Destroyed:
                // Ended or given another id. Taking the cookie back could take the new id's from a client whose requests overlap.
                break;
        }
    }

    // A request that is shown more than its cookie knows of tells the client so: its next request may reach a node whose copy lacks
    // what was just seen, and only the token keeps that copy from being served.
    private void RenewCookieIfOutdated(RequestSession session, in CookieReading cookie)
    {
        if (cookie.KeyId != services.KeyRing.Signing.Id || session.Version > cookie.Seen)
        {
            session.RenewCookie();
        }
    }

    // 4 use
    private Task RunAsync(HttpContext context, RequestSession session)
    {
        context.Features.Set<ISessionFeature>(session);
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
        var finishing = session.FinishAsync();
        return finishing.IsCompletedSuccessfully ? Task.CompletedTask : finishing.AsTask();
    }

    /// <summary>The end of a request is a use of its session too: it may have run for long. What is committed after it is one by itself.</summary>
    private void NoteEnd(RequestSession session)
    {
        if (session is { IsNew: false, Prolongs: true })
        {
            touches.Ended(session.Key);
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
            session.Abandon();
            SessionResponse.Reject(context, _options.RetryAfter);
            return;
        }
        catch
        {
            session.Abandon();
            throw;
        }
        finally
        {
            NoteEnd(session);
        }

        await session.FinishAsync().ConfigureAwait(false);
    }

    /// <summary>Answers with 503, or gives the request an empty session for itself; true if it may go on.</summary>
    private bool MayServeUnavailable(HttpContext context, RequestSession session, Stores.StoreFailure failure)
    {
        services.Logger.OpenFailed(failure, _options.OnStoreUnavailable);
        if (_options.OnStoreUnavailable == SessionOutagePolicy.ServeEmpty)
        {
            session.BeginUnavailable();
            return true;
        }

        SessionResponse.Reject(context, _options.RetryAfter);
        return false;
    }

    private CookieReading ReadCookie(HttpContext context)
    {
        var best = CookieReading.None;
        foreach (var header in context.Request.Headers.Cookie)
        {
            var values = new CookieValues(header, _cookieName);
            while (values.MoveNext())
            {
                var reading = services.KeyRing.Current is { } ring ? services.Cookies.Read(values.Current, ring) : CookieReading.UnknownKey;
                if (reading.Verdict == CookieVerdict.Valid)
                {
                    return reading;
                }

                // Of several cookies one may be old rubbish, and another signed by a key that this node has yet to read.
                best = best.Verdict == CookieVerdict.UnknownKey ? best : reading;
            }
        }

        return best;
    }
}
