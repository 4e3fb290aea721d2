using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ClusterSession.Http;

/// <summary>
/// The runs of a request's pipeline, the callbacks around them, and what becomes of the session of
/// a request that fails. The middleware and the server call it; the session knows nothing of it.
/// <see cref="RequestProgress"/> is what it keeps in the session, and has the picture.
/// </summary>
internal static class RequestRuns
{
    /// <summary>A run begins; the first one attaches the session to the request.</summary>
    public static void Begin(RequestSession session)
    {
        var features = session.Context.Features;
        session.Progress.BeginRun(features.Get<IHttpResponseBodyFeature>());
        if (session.Progress.IsRejected)
        {
            session.State.BecomeUnavailable();
        }

        if (!session.Progress.IsAttached)
        {
            Attach(session);
        }
        else if (!ReferenceEquals(features.Get<ISessionFeature>(), session))
        {
            // What decorated it in the run before does so again in this one.
            features.Set<ISessionFeature>(session);
        }
    }

    /// <summary>
    /// Gives the request this session. The callbacks are registered before any that the application
    /// registers inside.
    /// </summary>
    public static void Attach(RequestSession session)
    {
        var context = session.Context;
        session.Progress.IsAttached = true;
        context.Features.Set<ISessionFeature>(session);
        if (context.Response.HasStarted)
        {
            session.Progress.HaveHeadersLeft = true;
        }
        else
        {
            context.Response.OnStarting(
                static session => BeforeHeadersAsync((RequestSession)session, isLast: false),
                session
            );
        }

        context.Response.OnCompleted(static session => Complete((RequestSession)session), session);
    }

    /// <summary>
    /// The headers are leaving: commits what was not committed before, and decides the cookie.
    /// Called again, last of all callbacks, for what callbacks of middleware outside of this one
    /// have changed.
    /// </summary>
    /// <param name="session">The session of the request.</param>
    /// <param name="isLast">Whether no callback runs after this one.</param>
    public static Task BeforeHeadersAsync(RequestSession session, bool isLast)
    {
        isLast |= !session.Services.LastCallback.IsInstalled;
        BeFoundByLaterRuns(session);
        if (isLast)
        {
            ThrowIfReadOnlyRemoved(session);
        }

        if (session is { Response: null, State.Cookie: null })
        {
            session.Progress.HaveHeadersLeft = isLast;
            return Task.CompletedTask;
        }

        return CommitBeforeHeadersAsync(session, isLast);
    }

    /// <summary>A run has ended: commits what the response has not waited for.</summary>
    public static ValueTask FinishAsync(RequestSession session)
    {
        session.Progress.EndRun();
        if (session.Progress.HaveHeadersLeft)
        {
            ThrowIfReadOnlyRemoved(session);
        }

        if (session.IsStored)
        {
            // Where UseClusterSession comes before authentication, nobody was known when the
            // session was opened.
            session.State.NoteLogin();
            session.ArmIfChanged();
        }

        BeFoundByLaterRuns(session);
        if (session.Replacement is { } replacement)
        {
            return CommitReplacementAsync(session, replacement);
        }

        return session.Response is { } response ? response.FinishAsync() : ValueTask.CompletedTask;
    }

    /// <summary>
    /// A run has ended with an exception, which goes on whatever becomes of the commit.
    /// </summary>
    public static ValueTask FinishAfterExceptionAsync(RequestSession session)
    {
        session.Progress.EndRun();
        BeFoundByLaterRuns(session);
        session.State.Attributes.PutBackAll(); // After an exception TempData puts nothing back.
        session.State.TakeSignInBack();
        if (!session.Services.Options.CommitOnException || session.State.Identity.MustNotCommit)
        {
            Abandon(session);
        }

        return session.Response is { } response ? response.FinishAfterExceptionAsync() : ValueTask.CompletedTask;
    }

    /// <summary>Drops what was not committed, and the body that was not sent.</summary>
    public static void Abandon(RequestSession session)
    {
        session.Progress.EndRun();
        session.State.Drop();
        session.Response?.Abandon();
    }

    private static void ThrowIfReadOnlyRemoved(RequestSession session)
    {
        if (session.State.Attributes.PutBackAll() is { } name)
        {
            throw SessionRefusals.ReadOnly(session.Context, $"removes the attribute '{name}'");
        }
    }

    /// <summary>A session of the application's own is committed as AddSession would.</summary>
    private static async ValueTask CommitReplacementAsync(RequestSession session, ISession replacement)
    {
        if (session.Response is { } response)
        {
            await response.FinishAsync().ConfigureAwait(false);
        }

        await replacement.CommitAsync().ConfigureAwait(false);
    }

    private static async Task CommitBeforeHeadersAsync(RequestSession session, bool isLast)
    {
        if (session.Response is { } response)
        {
            await response.CommitBeforeHeadersAsync().ConfigureAwait(false);
        }

        if (session.State.Cookie is { } cookie)
        {
            var mayRenew = session.IsAvailable && session.Progress.IsUsed;
            await cookie.WriteAsync(mayRenew, session.Progress.BroughtCookie).ConfigureAwait(false);
        }

        session.Progress.HaveHeadersLeft = isLast;
    }

    private static Task Complete(RequestSession session)
    {
        var features = session.Context.Features;
        session.Progress.IsCompleted = true;
        if (ReferenceEquals(features.Get<ISessionFeature>(), session))
        {
            features.Set<ISessionFeature>(null);
        }

        return Task.CompletedTask;
    }

    /// <summary>
    /// An application that decorates sessions may have put a feature of its own in the place of
    /// this one: the last callback and an error page still have to find it.
    /// </summary>
    private static void BeFoundByLaterRuns(RequestSession session)
    {
        var features = session.Context.Features;
        if (!session.Progress.HaveHeadersLeft && !ReferenceEquals(features.Get<ISessionFeature>(), session))
        {
            features.Set(session);
        }
    }
}
