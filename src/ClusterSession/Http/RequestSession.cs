using ClusterSession.Committing;
using ClusterSession.Http.Cookies;
using ClusterSession.Opening;
using ClusterSession.Principals;
using ClusterSession.Records;
using ClusterSession.Stores;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ClusterSession.Http;

/// <summary>
/// The session of one request: reads come from the opened copy, writes go to a delta over it. One object for each
/// HttpContext, however often its pipeline runs. <see cref="SessionResponse"/> commits what the session gives it as a
/// value (<see cref="Take"/>, <see cref="Settle"/>); <see cref="ResponseCookie"/> decides which cookie to send.
/// </summary>
/// <remarks>
/// <code>
/// first run of the pipeline   attached: feature set, callbacks "headers are leaving" and "completed" registered
/// run ends                    what changed is committed; the object stays, because callbacks may change it further
/// another run                 the same object, with the access of the endpoint that runs (an error page)
/// headers are leaving         what callbacks changed is committed; the cookie is decided
/// completed                   detached: no session any more
/// </code>
/// </remarks>
internal sealed partial class RequestSession : IClusterSession, ISessionFeature
{
    private readonly RequestSessionServices _services;
    private readonly HttpContext _context;
    private bool _isReadOnly;
    private bool _isAttached;
    private bool _isCompleted;
    private bool _hasCommitted;
    private SessionRecord? _record;
    private bool _isComplete = true;
    private bool _isEndedElsewhere;
    private SessionId _id;
    private bool _isIdDrawn;
    private SessionDelta? _delta;
    private SessionResponse? _response;
    private ResponseCookie? _cookie;
    private IHttpResponseBodyFeature? _bodyAtRun;
    private ISession? _replacement;
    private string? _publicId;

    public RequestSession(
        RequestSessionServices services,
        HttpContext context,
        SessionAccessAttribute? access,
        bool broughtCookie
    )
    {
        _services = services;
        _context = context;
        BroughtCookie = broughtCookie;
        Heard = services.Revocations.Heard;
        Use(access);
    }

    /// <summary>An application may put a session of its own in the place of this one, for its own
    /// code to find.</summary>
    ISession ISessionFeature.Session
    {
        get => _replacement ?? this;
        set => _replacement = value;
    }

    public bool IsAvailable { get; private set; } = true;

    /// <summary>
    /// The text of the store's key: names the session in tools, and is no secret. The secret id is in the cookie alone.
    /// </summary>
    public string Id
    {
        get
        {
            JudgeOnce(); // Another person's session has another name.
            return _publicId ??=
                IsNew ? SessionKey.Of(DrawId()).ToString()
                : _change is { Former: not null } ? SessionKey.Of(_change.NextId ??= _services.DrawId()).ToString()
                : SessionName.Of(Record) ?? Key.ToString();
        }
    }

    public SessionKey Key { get; private set; }

    public SessionVersion Version => _record?.Version ?? SessionVersion.None;

    public bool IsNew { get; private set; } = true;

    public bool IsRegressed { get; private set; }

    public SessionSource Source { get; private set; } = SessionSource.New;

    public SessionDurability Durability { get; set; }

    /// <summary>Whether the request came with a cookie of this name, of whatever value.</summary>
    public bool BroughtCookie { get; }

    /// <summary>Whether the run is a use of its session, when it opens it and when it ends.</summary>
    public bool Prolongs { get; private set; }

    /// <summary>Whether the application has read or changed attributes.</summary>
    public bool IsTouched { get; private set; }

    /// <summary>Whether the application has changed the session, and not only its principal was recorded.</summary>
    public bool IsChanged { get; private set; }

    /// <summary>Whether a commit would write something: changes, or a new session that the
    /// application has established.</summary>
    public bool HasChanges => _delta is { Count: > 0 } || (_isEstablished && IsNew) || MustChangeId;

    /// <summary>Whether a run of the pipeline is under way.</summary>
    public bool IsRunning { get; private set; }

    /// <summary>
    /// Whether nothing of the headers can be changed any more. Not <c>HasStarted</c>, which is true
    /// on HTTP.sys while the
    /// callbacks before the headers run, and false on other servers.
    /// </summary>
    public bool HaveHeadersLeft { get; private set; }

    /// <summary>Whether the request is answered with a 503 because the store did not respond.</summary>
    public bool IsRejected { get; private set; }

    private SessionRecord Record => _record ??= SessionRecord.New(_services.Time.GetUtcNow());

    private SessionDelta Delta => _delta ??= new SessionDelta();

    private SessionResponse Response => _response ??= new SessionResponse(this, _context, _services);

    private ResponseCookie Cookie => _cookie ??= new ResponseCookie(_context, _services);

    /// <summary>
    /// The session that the request has already, or null. Also found where the application has
    /// put a feature of its own in the place of ours.
    /// </summary>
    public static RequestSession? Of(HttpContext context) =>
        context.Features.Get<ISessionFeature>() switch
        {
            RequestSession session => session,
            null => null,
            _ => context.Features.Get<RequestSession>(),
        };

    /// <summary>The endpoint of this run says how it uses the session.</summary>
    public void Use(SessionAccessAttribute? access)
    {
        _isReadOnly = access?.Concurrency == SessionConcurrency.ReadOnly;
        _removedReadOnly = null;
        Prolongs = access?.Prolongs ?? true;
        Durability = access?.DurabilityIfSet ?? _services.Options.Durability;
    }

    /// <summary>Begins with a copy that was found.</summary>
    public void Begin(in CookieReading cookie, in OpenedSession opened)
    {
        _id = cookie.Id;
        Key = cookie.Key;
        _record = opened.Record;
        _isComplete = opened.IsComplete;
        Source = opened.Source;
        IsRegressed = opened.IsRegressed;
        IsNew = false;
        RenewCookieIfOutdated(cookie);
        Judge();
        RecordPrincipal();
        ArmIfChanged();
    }

    /// <summary>Begins anew where the client's session is not there any more.</summary>
    public void BeginInsteadOfMissing(bool isRegressed) => IsRegressed = isRegressed;

    /// <summary>
    /// Begins with an empty session for this request alone, because its cookie names an id that was
    /// rotated lately, and it
    /// does not bring the login of the successor: a session of its own would take the successor's place at the client.
    /// </summary>
    public void BeginAside()
    {
        IsAvailable = false;
        _isAside = true;
    }

    /// <summary>Begins with an empty session for this request alone, because the store does not respond.</summary>
    public void BeginUnavailable() => IsAvailable = false;

    /// <summary>Commits now. Without it the changes are committed before the response headers leave.</summary>
    public Task CommitAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled(cancellationToken);
        }

        foreach (var (name, value) in _delta is null ? [] : _delta.Changes)
        {
            if (value is not null && !AttributeName.IsReserved(name))
            {
                (_committedHere ??= []).Add(name);
            }
        }

        return HasChanges && IsAvailable ? Response.CommitNowAsync() : Task.CompletedTask;
    }

    /// <summary>
    /// What is to be committed, as a value. It is out of the session's hands then, and
    /// <see cref="Settle"/> gets what became of it.
    /// </summary>
    public SessionCommit Take()
    {
        if (!HasChanges || !IsAvailable)
        {
            return default;
        }

        Judge();
        var login = RecordPrincipal(); // A new session has none yet, and an endpoint may have logged somebody in.
        var delta = Delta;
        _delta = null;
        if (_hasIdentityFailed)
        {
            return new(SessionCommitKind.Refused, delta);
        }

        if (_isEndedElsewhere)
        {
            _isEstablished = false;
            return new(SessionCommitKind.Ended, delta);
        }

        return IsNew
            ? new(SessionCommitKind.NewSession, delta)
            : new(
                MustChangeId ? SessionCommitKind.NewId : SessionCommitKind.Changes,
                delta,
                Key,
                Record,
                _isComplete,
                Durability,
                LoginOf(login)
            );
    }

    /// <summary>Goes on with what became of the commit that was taken.</summary>
    public void Settle(in CommitResult result)
    {
        switch (result.Outcome)
        {
            case CommitOutcome.Committed:
                _record = result.Record;
                _isComplete = result.IsComplete;
                if (result.MovedTo is { } successor)
                {
                    MoveTo(successor);
                }

                _hasCommitted |= IsChanged;
                NameCommit();
                break;
            case CommitOutcome.Destroyed when !_isEndedElsewhere:
                EndElsewhere();
                break;
            case CommitOutcome.Unavailable:
                _isEstablished = false;
                break;
        }
    }

    /// <summary>
    /// Lets the body wait for the commit, if there is something to commit. The one thing that the
    /// session says to its response by itself; never while the response commits.
    /// </summary>
    private void ArmIfChanged()
    {
        if (HasChanges && IsAvailable)
        {
            Response.Arm(_bodyAtRun);
        }
    }

    /// <summary>
    /// A request that is shown more than its cookie knows of tells the client so: its next request
    /// may reach a node whose
    /// copy lacks what was just seen, and only the token keeps that copy from being served.
    /// </summary>
    private void RenewCookieIfOutdated(in CookieReading cookie)
    {
        if (Version > cookie.Seen)
        {
            Cookie.Renew(new CookieTarget(_id, Key, Version));
        }

        if (cookie.KeyId != _services.KeyRing.Signing.Id || _services.IsCookieAged(Key))
        {
            Cookie.RenewAged(new CookieTarget(_id, Key, Version));
        }
    }

    /// <summary>A commit that only records the principal is named where the application has touched
    /// the session, as a renewal.</summary>
    private void NameCommit()
    {
        var target = new CookieTarget(_id, Key, Version);
        if (IsChanged)
        {
            Cookie.Name(target, hasBegun: false);
        }
        else
        {
            Cookie.Renew(target);
        }
    }
}
