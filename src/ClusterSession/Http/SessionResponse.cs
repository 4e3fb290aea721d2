using System.Diagnostics;
using System.Globalization;
using ClusterSession.Committing;
using ClusterSession.Diagnostics;
using ClusterSession.Stores;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace ClusterSession.Http;

/// <summary>
/// Sees to it that changes are committed before the response headers leave, and that a commit which the store does not
/// take becomes a 503. Made by the first change; a request that only reads has none.
/// </summary>
/// <remarks>
/// <code>
/// first change       -> body wrapped
/// first byte of body -> commit; store not responding: response cleared, 503, the body's bytes are dropped
/// end of a run       -> the same, for a response without a body; after the headers: commit, and log that it was late
/// headers leaving    -> commit of what callbacks have changed (TempData). The body may be on its way already, so that a
///                       503 cannot drop it: Location and the cookies of this response are taken out
/// exception passes   -> commit, as AddSession does; a failed commit is a header on whatever answers
/// </code>
/// A response cannot be taken back when its headers leave: the status could change, and the endpoint's "thank you for
/// your order" would still follow. Hence the wrapper around the body.
/// </remarks>
internal sealed class SessionResponse(RequestSession session, HttpContext context, RequestSessionServices services)
{
    private const string CommitHeader = "Session-Commit";

    private IHttpResponseBodyFeature? _body;
    private IHttpResponseBodyFeature? _bodyAtRun;
    private CommittingBody? _committing;
    private StoreFailure? _failure; // of a commit while an exception passed

    /// <summary>
    /// Until when the request waits for the commit that has begun and not ended. Here, because a
    /// request that only reads
    /// has no response of ours, and 24 bytes count.
    /// </summary>
    public StoreDeadline Waiting { get; set; }

    /// <summary>The span of that commit, where somebody listens.</summary>
    public Activity? Committing { get; set; }

    /// <summary>Whether the response was turned into a 503.</summary>
    public bool IsRejected => session.IsRejected;

    /// <summary>Whether the headers are on their way, so that nothing can be taken back.</summary>
    public bool HaveHeadersLeft => session.HaveHeadersLeft;

    /// <summary>Whether a commit must come before the next byte of the body.</summary>
    public bool MustCommit => session.HasChanges && !IsRejected && !HaveHeadersLeft;

    /// <summary>Whether the server lets this response be written synchronously.</summary>
    public bool MayWriteSynchronously =>
        context.Features.Get<IHttpBodyControlFeature>() is { AllowSynchronousIO: true };

    /// <summary>The session has changed: from now on the body waits for the commit.</summary>
    /// <param name="bodyAtRun">The body at the time this run of the pipeline came by, if it has.</param>
    public void Arm(IHttpResponseBodyFeature? bodyAtRun)
    {
        if (_committing is null && !HaveHeadersLeft)
        {
            _body = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
            _bodyAtRun = bodyAtRun;
            var isWrappedInside = bodyAtRun is not null && !ReferenceEquals(bodyAtRun, _body);
            _committing = new CommittingBody(_body, this, isWrappedInside);
            context.Features.Set<IHttpResponseBodyFeature>(_committing);
        }
    }

    /// <summary>The run failed: what is not sent is dropped, and whoever answers instead gets the
    /// body as it was.</summary>
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
        Check(result, mayClear: result.Outcome != CommitOutcome.Unavailable || _committing?.TryTakeBack() != false);
        return !IsRejected;
    }

    /// <summary>A run of the pipeline is done: commits, and puts the body back.</summary>
    public async ValueTask FinishAsync()
    {
        if (HaveHeadersLeft)
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
            if (PutBack is { Writer.UnflushedBytes: > 0 } putBack)
            {
                await putBack.Writer.FlushAsync().ConfigureAwait(false);
            }

            Unwrap();
        }
    }

    /// <summary>A run of the pipeline has failed: commits all the same, and puts the body back.</summary>
    public async ValueTask FinishAfterExceptionAsync()
    {
        Abandon();
        if (HaveHeadersLeft)
        {
            await CommitAfterHeadersAsync().ConfigureAwait(false);
            return;
        }

        var result = await BeginCommit().ConfigureAwait(false);
        session.EndCommit(result);
        switch (result.Outcome)
        {
            case CommitOutcome.Unavailable:
                _failure = session.CertainlyOf(result.Failure);
                services.Logger.CommitFailed(result.Failure);
                break;
            case CommitOutcome.Destroyed:
                services.Logger.SessionEndedMeanwhile();
                break;
        }
    }

    /// <summary>The headers are leaving: commits what callbacks have changed.</summary>
    public async ValueTask CommitBeforeHeadersAsync()
    {
        if (session.HasChanges && !IsRejected)
        {
            var result = await session.BeginCommit().ConfigureAwait(false);
            session.EndCommit(result);
            Check(result, mayClear: false);
        }

        if (_failure is { } failure && !IsRejected)
        {
            context.Response.Headers[CommitHeader] = TextOf(failure);
        }
    }

    /// <summary>
    /// Turns the response into a 503 without a body: status pages, exception handlers and problem details may fill it.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="retryAfter">What the client is told to wait.</param>
    /// <param name="failure">What is certain of the commit, or null if the request had no part in one.</param>
    public static void Reject(HttpContext context, TimeSpan retryAfter, StoreFailure? failure)
    {
        context.Response.Clear();
        SetRejection(context, retryAfter, failure);
    }

    private static void SetRejection(HttpContext context, TimeSpan retryAfter, StoreFailure? failure)
    {
        var headers = context.Response.Headers;
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        headers.RetryAfter = ((long)Math.Ceiling(retryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        headers.CacheControl = "no-store";
        if (failure is { } certain)
        {
            // Tells clients and balancers whether repeating the request can do anything twice.
            headers[CommitHeader] = TextOf(certain);
        }
    }

    private static string TextOf(StoreFailure failure) => failure == StoreFailure.Unknown ? "unknown" : "not-committed";

    /// <summary>
    /// The body where middleware inside has replaced it before the change, and has set <c>Response.Body</c> to the stream
    /// that it found. The framework sees that only where nothing is around the replacement; else it puts one more body
    /// over ours, whose unflushed bytes nobody would send.
    /// </summary>
    private StreamResponseBodyFeature? PutBack =>
        _committing is not null && _bodyAtRun is not null
        && context.Features.Get<IHttpResponseBodyFeature>() is StreamResponseBodyFeature body
        && ReferenceEquals(body.PriorFeature, _committing) && ReferenceEquals(body.Stream, _bodyAtRun.Stream)
            ? body
            : null;

    /// <summary>Puts the body back, unless somebody has put one of their own back before.</summary>
    private void Unwrap()
    {
        if (PutBack is not null)
        {
            context.Features.Set(_bodyAtRun);
        }

        if (_committing is not null && ReferenceEquals(context.Features.Get<IHttpResponseBodyFeature>(), _committing))
        {
            context.Features.Set(_body);
        }

        _committing = null;
    }

    private void Check(in CommitResult result, bool mayClear)
    {
        switch (result.Outcome)
        {
            case CommitOutcome.Unavailable:
                session.Reject();
                services.Logger.CommitFailed(result.Failure);
                RejectCommit(mayClear, session.CertainlyOf(result.Failure));
                break;
            case CommitOutcome.Destroyed:
                services.Logger.SessionEndedMeanwhile();
                break;
        }
    }

    private void RejectCommit(bool mayClear, StoreFailure failure)
    {
        if (mayClear)
        {
            Reject(context, services.Options.RetryAfter, failure);
            return;
        }

        context.Response.Headers.Remove(HeaderNames.Location);
        services.SetCookie.TakeBackOthers(context.Response); // Ours names what was committed before, such as a new id.
        SetRejection(context, services.Options.RetryAfter, failure);
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
            case CommitOutcome.Committed when session.IsChanged:
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
}
