using System.Globalization;
using System.Runtime.CompilerServices;
using ClusterSession.Committing;
using ClusterSession.Diagnostics;
using ClusterSession.Stores;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace ClusterSession.Http;

/// <summary>
/// Owns the commit of a response: changes are committed before the headers leave, and a commit that
/// neither the store nor the journal takes becomes a 503. Made before the first change; a request
/// that only reads has none.
/// </summary>
/// <remarks>
/// A commit goes one way: the session gives what is to be committed (<see cref="SessionCommit"/>),
/// the committer gets it, the session gets the result, once (<see cref="SessionState.Settle"/>).
/// Where the session was to get an id, it gets the id's outcome before that (<see
/// cref="SessionState.SettleId"/>). Meanwhile the session does not call its response. A rotation
/// that the application asks for does not come by here.
/// <code>
/// first change       -> body wrapped
/// first byte of body -> commit; not acknowledged: response cleared, 503, the body is dropped
/// end of a run       -> the same, for a response without a body; after the headers: commit, and
///                       log that it was late
/// headers leaving    -> commit of what callbacks have changed (TempData). A body that is on its
///                       way cannot be dropped any more. Where the commit fails, the status becomes
///                       503, and Location and all cookies but the session's are removed
/// exception passes   -> commit, as AddSession does; a failed commit is a header on whatever
///                       answers
/// </code>
/// A response cannot be taken back when its headers leave: the status could change, and the
/// endpoint's "thank you for your order" would still follow. Hence the wrapper around the body.
/// </remarks>
internal sealed class SessionResponse(RequestSession session, HttpContext context, RequestSessionServices services)
{
    private const string CommitHeader = "Session-Commit";

    private IHttpResponseBodyFeature? _body;
    private IHttpResponseBodyFeature? _bodyAtRun;
    private CommittingBody? _committing;
    private StoreFailure? _failure; // of a commit while an exception passed

    /// <summary>When a commit happens, which decides what its failure does.</summary>
    private enum Moment
    {
        Asked,
        BeforeBody,
        BeforeHeaders,
        AfterHeaders,
        AfterException,
    }

    /// <summary>Whether the response was turned into a 503.</summary>
    public bool IsRejected => session.Progress.IsRejected;

    /// <summary>Whether the headers are on their way, so that nothing can be taken back.</summary>
    public bool HaveHeadersLeft => session.Progress.HaveHeadersLeft;

    /// <summary>Whether a commit must come before the next byte of the body.</summary>
    public bool MustCommit => session.State.HasChanges && !IsRejected && !HaveHeadersLeft;

    /// <summary>Whether the server lets this response be written synchronously.</summary>
    public bool MayWriteSynchronously =>
        context.Features.Get<IHttpBodyControlFeature>() is { AllowSynchronousIO: true };

    /// <summary>The session has changed: from now on the body waits for the commit.</summary>
    /// <param name="bodyAtRun">The body when this run of the pipeline began; null if none has
    /// begun.</param>
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

    /// <summary>The run failed: what is not sent is dropped, and anyone who answers instead gets
    /// the body as it was.</summary>
    public void Abandon()
    {
        _committing?.Discard();
        Unwrap();
    }

    /// <summary>
    /// Commits before the next byte of the body, if there is something to commit.
    /// </summary>
    /// <returns>False: the response is a 503 now, and the body must be dropped.</returns>
    public ValueTask<bool> CommitAsync() => MustCommit ? CommitAsync(Moment.BeforeBody) : new(!IsRejected);

    /// <summary>
    /// The application commits in the midst of its work, and gets an exception if that fails.
    /// </summary>
    public async Task CommitNowAsync() => await CommitAsync(Moment.Asked).ConfigureAwait(false);

    /// <summary>A run of the pipeline is done: commits, and puts the body back.</summary>
    public async ValueTask FinishAsync()
    {
        if (HaveHeadersLeft)
        {
            await CommitAfterHeadersAsync().ConfigureAwait(false);
        }
        else
        {
            await CommitAsync().ConfigureAwait(false);
        }

        if (_committing is not null)
        {
            await _committing.FlushOwnAsync().ConfigureAwait(false);
            if (BodyPutBack is { Writer.UnflushedBytes: > 0 } putBack)
            {
                await putBack.Writer.FlushAsync().ConfigureAwait(false);
            }

            Unwrap();
        }
    }

    /// <summary>
    /// A run of the pipeline has failed: commits all the same, and puts the body back.
    /// </summary>
    public async ValueTask FinishAfterExceptionAsync()
    {
        Abandon();
        if (HaveHeadersLeft)
        {
            await CommitAfterHeadersAsync().ConfigureAwait(false);
        }
        else if (MustCommit)
        {
            await CommitAsync(Moment.AfterException).ConfigureAwait(false);
        }
    }

    /// <summary>The headers are leaving: commits what callbacks have changed.</summary>
    public async ValueTask CommitBeforeHeadersAsync()
    {
        if (session.State.HasChanges && !IsRejected)
        {
            await CommitAsync(Moment.BeforeHeaders).ConfigureAwait(false);
        }

        if (_failure is { } failure && !IsRejected)
        {
            context.Response.Headers[CommitHeader] = TextOf(failure);
        }
    }

    /// <summary>
    /// Turns the response into a 503 without a body: status pages, exception handlers and problem
    /// details may fill it.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="retryAfter">How long the client is asked to wait.</param>
    /// <param name="failure">
    /// Why the commit failed, or <see cref="StoreFailure.Unreachable"/> where nothing was sent: a
    /// header says by it whether the commit may have happened. Null: the request had no part in
    /// one.
    /// </param>
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
        if (failure is { } known)
        {
            // Tells clients and balancers whether repeating the request can do anything twice.
            headers[CommitHeader] = TextOf(known);
        }
    }

    private static string TextOf(StoreFailure failure) => failure.IsUncertain() ? "unknown" : "not-committed";

    /// <summary>
    /// The body that the framework has put over ours, or null. It does so in this order: a
    /// middleware inside replaces the body (by B); we wrap B; the middleware sets
    /// <c>Response.Body</c> back to the stream that it had found. Had nobody wrapped B, the
    /// framework would see that as putting the former body back. As we have, it puts a new body for
    /// that stream over ours, and nobody else would send what is unflushed in the new one.
    /// </summary>
    private StreamResponseBodyFeature? BodyPutBack =>
        _committing is not null
        && _bodyAtRun is not null
        && context.Features.Get<IHttpResponseBodyFeature>() is StreamResponseBodyFeature body
        && ReferenceEquals(body.PriorFeature, _committing)
        && ReferenceEquals(body.Stream, _bodyAtRun.Stream)
            ? body
            : null;

    /// <summary>Puts the body back, unless somebody has put one of their own back before.</summary>
    private void Unwrap()
    {
        if (BodyPutBack is not null)
        {
            context.Features.Set(_bodyAtRun);
        }

        if (_committing is not null && ReferenceEquals(context.Features.Get<IHttpResponseBodyFeature>(), _committing))
        {
            context.Features.Set(_body);
        }

        _committing = null;
    }

    private ValueTask<bool> CommitAfterHeadersAsync() =>
        session.State.HasChanges && !IsRejected ? CommitAsync(Moment.AfterHeaders) : new(!IsRejected);

    /// <summary>
    /// The commit of a request, all of it: takes from the session what is to be committed, sends
    /// it, gives the session what became of it, and does with the response what that asks for.
    /// </summary>
    /// <returns>False: the response is a 503.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> CommitAsync(Moment moment)
    {
        var commit = session.State.Take();
        switch (commit.Kind)
        {
            case SessionCommitKind.Nothing:
                return !IsRejected;
            case SessionCommitKind.Refused:
                return Conclude(moment, CommitResult.Unavailable(StoreFailure.Refused));
            case SessionCommitKind.Ended:
                return Conclude(moment, CommitResult.AlreadyEnded);
        }

        var deadline = session.BeginWaiting();
        CommitResult result;
        using (var activity = SessionActivities.Committing())
        {
            result = await SendAsync(commit, deadline).ConfigureAwait(false);
            session.EndWaiting(deadline);
            SessionActivities.Committed(
                activity,
                result.OutcomeTag,
                result.Outcome == CommitOutcome.Unavailable ? result.Failure : StoreFailure.None
            );
        }

        return Conclude(moment, result);
    }

    private ValueTask<CommitResult> SendAsync(in SessionCommit commit, StoreDeadline deadline) =>
        commit.Kind switch
        {
            SessionCommitKind.NewSession or SessionCommitKind.NewId => SendNewIdAsync(commit, deadline),
            _ => services.Committer.CommitAsync(
                commit.Key,
                commit.Record!,
                commit.IsComplete,
                commit.Delta,
                commit.Durability,
                deadline,
                commit.Login
            ),
        };

    private async ValueTask<CommitResult> SendNewIdAsync(SessionCommit commit, StoreDeadline deadline)
    {
        var result = await services.NewIds.CommitAsync(commit, deadline).ConfigureAwait(false);
        session.State.SettleId(result);
        return result.Commit;
    }

    private bool Conclude(Moment moment, in CommitResult result)
    {
        session.State.Settle(result);
        switch (result.Outcome)
        {
            case CommitOutcome.Unavailable:
                Fail(moment, result.Failure);
                break;
            case CommitOutcome.AlreadyEnded when moment != Moment.Asked:
                services.Logger.SessionEndedMeanwhile();
                break;
            case CommitOutcome.Committed when moment == Moment.AfterHeaders && session.Progress.IsChanged:
                services.Logger.CommittedAfterHeaders();
                break;
        }

        return !IsRejected;
    }

    private void Fail(Moment moment, StoreFailure failure)
    {
        switch (moment)
        {
            case Moment.Asked:
                throw new SessionUnavailableException(
                    failure == StoreFailure.TooLarge
                        ? FailureWords.TooLarge(services.Options.MaxSessionBytes)
                        : $"The session could not be committed: {FailureWords.Of(failure)}.",
                    failure
                );
            case Moment.AfterHeaders:
                services.Logger.CommitAfterHeadersFailed(failure);
                break;
            case Moment.AfterException:
                _failure = session.Progress.FailureOfRequest(failure);
                services.Logger.CommitFailed(failure);
                break;
            default:
                var mayClear = moment == Moment.BeforeBody && _committing?.TryTakeBack() != false;
                session.State.Reject();
                services.Logger.CommitFailed(failure);
                RejectCommit(mayClear, session.Progress.FailureOfRequest(failure));
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
}
