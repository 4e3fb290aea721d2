using System.Globalization;
using System.Runtime.CompilerServices;
using ClusterSession.Diagnostics;
using ClusterSession.Sessions.Committing;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

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
    private CommittingBody? _committing;
    private bool _isListening;
    private CookieAction _cookie;

    private enum CookieAction
    {
        None,
        Send,
        Expire,
    }

    /// <summary>Until when the commit that has begun and not ended is waited for. Here, because a request that only reads has no response of ours, and 24 bytes count.</summary>
    public StoreDeadline Waiting { get; set; }

    /// <summary>Whether the response was turned into a 503.</summary>
    public bool IsRejected { get; private set; }

    /// <summary>Whether the headers are on their way, so that nothing can be taken back.</summary>
    public bool HaveHeadersLeft => context.Response.HasStarted;

    /// <summary>Whether a commit must come before the next byte of the body.</summary>
    public bool MustCommit => session.HasChanges && !IsRejected && !context.Response.HasStarted;

    public void Arm()
    {
        Listen();
        if (_committing is null && !context.Response.HasStarted)
        {
            _body = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
            _committing = new CommittingBody(_body, this);
            context.Features.Set<IHttpResponseBodyFeature>(_committing);
        }
    }

    public void SendCookie()
    {
        _cookie = CookieAction.Send;
        Listen();
    }

    public void ExpireCookie()
    {
        _cookie = CookieAction.Expire;
        Listen();
    }

    /// <summary>The client keeps the cookie it has, or gets from another response.</summary>
    public void KeepCookie() => _cookie = CookieAction.None;

    /// <summary>The request failed: what is not sent yet is not to be sent, and whoever answers instead gets the body as it was.</summary>
    public void Abandon()
    {
        _committing?.Discard();
        Unwrap();
    }

    /// <summary>Commits before the first byte of the body. The result is for <see cref="EndCommit"/>, at once.</summary>
    public ValueTask<CommitResult> BeginCommit() => MustCommit ? session.BeginCommit() : new(CommitResult.Nothing);

    /// <summary>False: the response is a 503 now, and the body must be dropped.</summary>
    public bool EndCommit(in CommitResult result)
    {
        session.EndCommit(result);
        Judge(result, clearResponse: true);
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
            EndCommit(await BeginCommit().ConfigureAwait(false));
        }

        if (_committing is not null)
        {
            await _committing.FlushOwnAsync().ConfigureAwait(false);
            Unwrap();
        }
    }

    /// <summary>Turns the response into a 503.</summary>
    public static void Reject(HttpContext context, TimeSpan retryAfter)
    {
        context.Response.Clear();
        SetRejection(context, retryAfter);
        context.Response.ContentLength = 0;
    }

    private static void SetRejection(HttpContext context, TimeSpan retryAfter)
    {
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        context.Response.Headers.RetryAfter = ((long)Math.Ceiling(retryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        context.Response.Headers.CacheControl = "no-store";
    }

    /// <summary>Puts the body back, unless somebody has put one of their own back before.</summary>
    private void Unwrap()
    {
        if (_committing is not null && ReferenceEquals(context.Features.Get<IHttpResponseBodyFeature>(), _committing))
        {
            context.Features.Set(_body);
        }
    }

    private void Listen()
    {
        if (!_isListening && !context.Response.HasStarted)
        {
            _isListening = true;
            context.Response.OnStarting(static state => ((SessionResponse)state).BeforeHeadersAsync(), this);
        }
    }

    private async Task BeforeHeadersAsync()
    {
        if (session.HasChanges && !IsRejected)
        {
            // Reached when the endpoint writes to a body it took before its first change: the body cannot be dropped any more.
            var result = await session.BeginCommit().ConfigureAwait(false);
            session.EndCommit(result);
            Judge(result, clearResponse: false);
        }

        // Also of a 503: what was committed before, or got a new id, is for the client to know.
        if (!IsRejected || _cookie == CookieAction.Send)
        {
            WriteCookie();
        }

        // Callbacks that were registered before this one run after it, and may change the session: TempData does.
        _cookie = CookieAction.None;
        _isListening = false;
    }

    private void Judge(in CommitResult result, bool clearResponse)
    {
        switch (result.Outcome)
        {
            case CommitOutcome.Unavailable:
                IsRejected = true;
                services.Logger.CommitFailed(result.Failure);
                RejectCommit(clearResponse, result.Failure);
                break;
            case CommitOutcome.Destroyed:
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
            SetRejection(context, services.Options.RetryAfter);
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

        var result = await session.BeginCommit().ConfigureAwait(false);
        session.EndCommit(result);
        switch (result.Outcome)
        {
            case CommitOutcome.Committed:
                services.Logger.CommittedAfterHeaders();
                break;
            case CommitOutcome.Unavailable:
                services.Logger.CommitAfterHeadersFailed(result.Failure);
                break;
            case CommitOutcome.Destroyed:
                services.Logger.SessionEndedMeanwhile();
                break;
        }
    }

    private void WriteCookie()
    {
        switch (_cookie)
        {
            case CookieAction.Send:
                services.SetCookie.Append(context, session);
                break;
            case CookieAction.Expire:
                services.SetCookie.Expire(context);
                break;
            default:
                return;
        }

        if (StringValues.IsNullOrEmpty(context.Response.Headers.CacheControl))
        {
            context.Response.Headers.CacheControl = "no-store";
        }
    }
}
