using System.Globalization;
using ClusterSession.Diagnostics;
using ClusterSession.Sessions.Committing;
using ClusterSession.Stores;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace ClusterSession.Http;

/// <summary>
/// Sees to it that changes are committed before the response headers leave, that the cookie names the commit, and that a commit
/// without an answer becomes a 503. Made by the first change; a request that only reads has none.
/// </summary>
/// <remarks>
/// <code>
/// first change       -> body wrapped, callback for "headers are leaving" registered
/// first byte of body -> commit; no answer from the store: response cleared, 503, the body's bytes are dropped
/// headers leaving    -> commit, if nothing was written through the wrapper; cookie
/// end of request     -> commit what changed after the headers left, and say so in the log
/// </code>
/// A response cannot be taken back in the callback alone: it could change the status, and the endpoint's "thank you for
/// your order" would still follow. Hence the wrapper around the body.
/// </remarks>
internal sealed class SessionResponse(RequestSession session, HttpContext context, RequestSessionServices services)
{
    private IHttpResponseBodyFeature? _body;
    private bool _isArmed;
    private CookieAction _cookie;

    private enum CookieAction
    {
        None,
        Send,
        Expire,
    }

    /// <summary>Whether the response was turned into a 503.</summary>
    public bool IsRejected { get; private set; }

    public void Arm()
    {
        if (_isArmed || context.Response.HasStarted)
        {
            return;
        }

        _isArmed = true;
        context.Response.OnStarting(static state => ((SessionResponse)state).BeforeHeadersAsync(), this);
        _body = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        context.Features.Set<IHttpResponseBodyFeature>(new CommittingBody(_body, this));
    }

    public void SendCookie()
    {
        _cookie = CookieAction.Send;
        ArmCookie();
    }

    public void ExpireCookie()
    {
        _cookie = CookieAction.Expire;
        ArmCookie();
    }

    /// <summary>Commits before the first byte of the body. False: the response is a 503 now, and the body must be dropped.</summary>
    public async ValueTask<bool> CommitAsync()
    {
        if (IsRejected)
        {
            return false;
        }

        if (session.HasChanges && !context.Response.HasStarted)
        {
            var result = await session.CommitChangesAsync().ConfigureAwait(false);
            Judge(result, clearResponse: true);
        }

        return !IsRejected;
    }

    /// <summary>The endpoint is done: commits, and puts the body back.</summary>
    public async ValueTask FinishAsync()
    {
        if (context.Response.HasStarted)
        {
            await CommitAfterHeadersAsync().ConfigureAwait(false);
        }
        else
        {
            await CommitAsync().ConfigureAwait(false);
        }

        if (_body is not null)
        {
            if (context.Features.Get<IHttpResponseBodyFeature>() is CommittingBody committing)
            {
                await committing.FlushOwnAsync().ConfigureAwait(false);
            }

            context.Features.Set(_body);
        }
    }

    /// <summary>Turns the response into a 503.</summary>
    public static void Reject(HttpContext context, TimeSpan retryAfter)
    {
        context.Response.Clear();
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        context.Response.Headers.RetryAfter = ((long)Math.Ceiling(retryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        context.Response.Headers.CacheControl = "no-store";
        context.Response.ContentLength = 0;
    }

    private void ArmCookie()
    {
        if (!_isArmed && !context.Response.HasStarted)
        {
            _isArmed = true;
            context.Response.OnStarting(static state => ((SessionResponse)state).BeforeHeadersAsync(), this);
        }
    }

    private async Task BeforeHeadersAsync()
    {
        if (session.HasChanges && !IsRejected)
        {
            // Reached when the endpoint writes to a body it took before its first change: the body cannot be dropped any more.
            Judge(await session.CommitChangesAsync().ConfigureAwait(false), clearResponse: false);
        }

        if (!IsRejected)
        {
            WriteCookie();
        }
    }

    private void Judge(CommitResult? result, bool clearResponse)
    {
        switch (result)
        {
            case { Outcome: CommitOutcome.Unavailable, Failure: var failure }:
                IsRejected = true;
                services.Logger.CommitFailed(failure);
                RejectCommit(clearResponse, failure);
                break;
            case { Outcome: CommitOutcome.Destroyed }:
                services.Logger.SessionEndedMeanwhile();
                break;
        }
    }

    private void RejectCommit(bool clearResponse, StoreFailure failure)
    {
        if (clearResponse)
        {
            Reject(context, services.Options.RetryAfter);
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        }

        // Tells clients and balancers whether repeating the request can do anything twice.
        context.Response.Headers["Session-Commit"] = failure == StoreFailure.Unknown ? "unknown" : "not-committed";
    }

    private async ValueTask CommitAfterHeadersAsync()
    {
        if (!session.HasChanges || IsRejected)
        {
            return;
        }

        var result = await session.CommitChangesAsync().ConfigureAwait(false);
        switch (result?.Outcome)
        {
            case CommitOutcome.Committed:
                services.Logger.CommittedAfterHeaders();
                break;
            case CommitOutcome.Unavailable:
                services.Logger.CommitAfterHeadersFailed(result.Value.Failure);
                break;
            case CommitOutcome.Destroyed:
                services.Logger.SessionEndedMeanwhile();
                break;
        }
    }

    private void WriteCookie()
    {
        var cookie = services.Options.Cookie;
        switch (_cookie)
        {
            case CookieAction.Send:
                context.Response.Cookies.Append(cookie.Name!, session.CookieValue(), cookie.Build(context));
                break;
            case CookieAction.Expire:
                context.Response.Cookies.Delete(cookie.Name!, cookie.Build(context));
                break;
            default:
                return;
        }

        if (!context.Response.Headers.ContainsKey(HeaderNames.CacheControl))
        {
            context.Response.Headers.CacheControl = "no-store";
        }
    }
}
