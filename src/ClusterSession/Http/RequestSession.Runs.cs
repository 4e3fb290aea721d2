using ClusterSession.Stores;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ClusterSession.Http;

/// <summary>The runs of the pipeline, the callbacks around them, and what becomes of a request that fails.</summary>
internal sealed partial class RequestSession
{
    /// <summary>The request is answered with 503. Further runs of its pipeline (an error page) get
    /// an empty session.</summary>
    public void Reject()
    {
        IsRejected = true;
        _change?.IsDone = true;
        _delta = null;
        _removedReadOnly = null;
    }

    /// <summary>
    /// What is certain of the request as a whole where one of its commits failed: if another one has happened before,
    /// repeating the request may do that twice.
    /// </summary>
    public StoreFailure CertainlyOf(StoreFailure failure) => _hasCommitted ? StoreFailure.Unknown : failure;

    /// <summary>A run of the pipeline begins; the first one attaches the session to the request.</summary>
    public void BeginRun()
    {
        IsRunning = true;
        _bodyAtRun = _context.Features.Get<IHttpResponseBodyFeature>();
        if (IsRejected)
        {
            BecomeUnavailable();
        }

        if (!_isAttached)
        {
            Attach();
        }
        else if (!ReferenceEquals(_context.Features.Get<ISessionFeature>(), this))
        {
            // What decorated it in the run before does so again in this one.
            _context.Features.Set<ISessionFeature>(this);
        }
    }

    /// <summary>Gives the request this session. The callbacks are registered before any that the
    /// application registers inside.</summary>
    public void Attach()
    {
        _isAttached = true;
        _context.Features.Set<ISessionFeature>(this);
        if (_context.Response.HasStarted)
        {
            HaveHeadersLeft = true;
        }
        else
        {
            _context.Response.OnStarting(
                static session => ((RequestSession)session).BeforeHeadersAsync(isLast: false),
                this
            );
        }

        _context.Response.OnCompleted(static session => ((RequestSession)session).Complete(), this);
    }

    /// <summary>
    /// The headers are leaving: commits what was not committed before, and decides the cookie.
    /// Called again, last of all
    /// callbacks, for what callbacks of middleware outside of this one have changed.
    /// </summary>
    /// <param name="isLast">Whether no callback runs after this one.</param>
    public Task BeforeHeadersAsync(bool isLast)
    {
        isLast |= !_services.LastCallback.IsInstalled;
        BeFoundByLaterRuns();
        if (isLast)
        {
            ThrowIfReadOnlyRemoved();
        }

        if (_response is null && _cookie is null)
        {
            HaveHeadersLeft = isLast;
            return Task.CompletedTask;
        }

        return CommitBeforeHeadersAsync(isLast);
    }

    /// <summary>A run of the pipeline has ended: commits what the response has not waited for.</summary>
    public ValueTask FinishAsync()
    {
        IsRunning = false;
        if (HaveHeadersLeft)
        {
            ThrowIfReadOnlyRemoved();
        }

        if (!IsNew)
        {
            // Where the sessions stand before authentication nobody was known when it was opened.
            if (!HaveHeadersLeft)
            {
                Judge();
            }

            RecordPrincipal();
            ArmIfChanged();
        }

        BeFoundByLaterRuns();
        if (_replacement is not null)
        {
            return CommitReplacementAsync(_replacement);
        }

        return _response is null ? ValueTask.CompletedTask : _response.FinishAsync();
    }

    /// <summary>A run of the pipeline has ended with an exception, which goes on whatever becomes
    /// of the commit.</summary>
    public ValueTask FinishAfterExceptionAsync()
    {
        IsRunning = false;
        _removedReadOnly = null; // After an exception TempData puts nothing back.
        BeFoundByLaterRuns();
        TakeSignInBack();
        if (!_services.Options.CommitOnException || _hasIdentityFailed)
        {
            Abandon();
        }

        return _response is null ? ValueTask.CompletedTask : _response.FinishAfterExceptionAsync();
    }

    /// <summary>Drops what was not committed, and the body that was not sent.</summary>
    public void Abandon()
    {
        IsRunning = false;
        TakeSignInBack();
        _delta = null;
        _removedReadOnly = null;
        _isEstablished = false;
        _response?.Abandon();
    }

    /// <summary>A session of the application's own is committed as AddSession would.</summary>
    private async ValueTask CommitReplacementAsync(ISession replacement)
    {
        if (_response is not null)
        {
            await _response.FinishAsync().ConfigureAwait(false);
        }

        await replacement.CommitAsync().ConfigureAwait(false);
    }

    private async Task CommitBeforeHeadersAsync(bool isLast)
    {
        if (_response is not null)
        {
            await _response.CommitBeforeHeadersAsync().ConfigureAwait(false);
        }

        if (_cookie is not null)
        {
            await _cookie.WriteAsync(mayRenew: IsAvailable && IsTouched, BroughtCookie).ConfigureAwait(false);
        }

        HaveHeadersLeft = isLast;
    }

    private Task Complete()
    {
        _isCompleted = true;
        if (ReferenceEquals(_context.Features.Get<ISessionFeature>(), this))
        {
            _context.Features.Set<ISessionFeature>(null);
        }

        return Task.CompletedTask;
    }

    /// <summary>
    /// An application that decorates sessions may have put a feature of its own in the place of
    /// this one: the last callback
    /// and an error page still have to find it.
    /// </summary>
    private void BeFoundByLaterRuns()
    {
        if (!HaveHeadersLeft && !ReferenceEquals(_context.Features.Get<ISessionFeature>(), this))
        {
            _context.Features.Set(this);
        }
    }

    private void BecomeUnavailable()
    {
        IsAvailable = false;
        IsNew = true;
        _record = null;
        _delta = null;
        _isEstablished = false;
        _publicId = null;
        _isIdDrawn = false;
    }
}
