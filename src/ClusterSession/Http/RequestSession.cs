using System.Diagnostics.CodeAnalysis;
using System.Security.Claims;
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
/// The session of one request, as the application has it: refuses what cannot be kept, and lets the
/// response wait for the commit of the rest. One object for each HttpContext, however often its
/// pipeline runs.
/// </summary>
/// <remarks>
/// <code><![CDATA[
/// ClusterSessionMiddleware, server --> RequestRuns --> RequestSession <-- the application
///                                                        |      |
///                          SessionResponse <-- changed --'      '--> SessionState: what it has
///                                 |
///                                 '--> SessionState: takes the commit, settles it
/// ]]></code>
/// </remarks>
internal sealed class RequestSession : IClusterSession, ISessionFeature
{
    private SessionState _state;

    public RequestSession(
        RequestSessionServices services,
        HttpContext context,
        SessionAccessAttribute? access,
        bool broughtCookie
    )
    {
        _state = new SessionState(services, context);
        _state.Progress.BroughtCookie = broughtCookie;
        Use(access);
    }

    /// <summary>An application may put a session of its own in the place of this one, for its own
    /// code to find.</summary>
    ISession ISessionFeature.Session
    {
        get => Replacement ?? this;
        set => Replacement = value;
    }

    public bool IsAvailable => _state.Identity.IsAvailable;

    /// <summary>
    /// The text of the store's key: names the session in tools, and is no secret. The secret id is
    /// in the cookie alone.
    /// </summary>
    public string Id
    {
        get
        {
            CheckLoginOnce(); // Another person's session has another name.
            return _state.GivePublicName();
        }
    }

    public SessionKey Key => _state.Identity.Key;

    public SessionVersion Version => _state.Version;

    public bool IsNew => !_state.Identity.IsStored;

    public bool IsStored => _state.Identity.IsStored;

    public bool IsRegressed => _state.Attributes.IsRegressed;

    public SessionSource Source => _state.Attributes.Source;

    public SessionDurability Durability
    {
        get => _state.Progress.Durability;
        set => _state.Progress.Durability = value;
    }

    public IEnumerable<string> Keys
    {
        get
        {
            NoteUse();
            return _state.Attributes.Keys;
        }
    }

    public HttpContext Context => _state.Context;

    public RequestSessionServices Services => _state.Services;

    /// <summary>What the request has of the session, for those who serve the request.</summary>
    public ref SessionState State => ref _state;

    /// <summary>How far the request has come.</summary>
    public ref RequestProgress Progress => ref _state.Progress;

    /// <summary>What commits for the response; null before the first change.</summary>
    public SessionResponse? Response { get; private set; }

    /// <summary>
    /// The session that the application has put in the place of this one, or null.
    /// </summary>
    public ISession? Replacement { get; private set; }

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
        _state.Progress.Use(access, Services.Options.Durability);
        _state.Attributes.PutBackAll();
    }

    /// <summary>Begins with a copy that was found.</summary>
    public void Begin(in CookieReading cookie, in OpenedSession opened)
    {
        _state.Begin(cookie, opened);
        ArmIfChanged();
    }

    /// <summary>The request begins to wait for the store.</summary>
    public StoreDeadline BeginWaiting() =>
        _state.Progress.BeginWaiting(Services.Time, Services.Options.Outage.HardTimeout);

    /// <summary>The request waits no longer.</summary>
    public void EndWaiting(in StoreDeadline deadline) =>
        _state.Progress.EndWaiting(deadline, Services.Options.Outage.HardTimeout);

    /// <summary>A user was signed in by this request.</summary>
    public void SignIn(ClaimsPrincipal user)
    {
        if (_state.Progress.HaveHeadersLeft || _state.Progress.IsRejected)
        {
            return;
        }

        LeaveAside();
        if (IsAvailable)
        {
            _state.SignIn(user);
            ArmIfChanged();
        }
    }

    /// <summary>
    /// This request is about to end all other sessions of a principal: records in this session that
    /// it survives that revocation, and commits that at once. A session that is new records it when
    /// it is stored.
    /// </summary>
    public ValueTask KeepAsync(PrincipalKey principal, long number) =>
        IsAvailable && RequestLogin.Keep(principal, number, ref _state.Attributes, Services.Revocations) && IsStored
            ? new ValueTask(CommitAsync())
            : default;

    /// <summary>The session was opened before the endpoint ran.</summary>
    public Task LoadAsync(CancellationToken cancellationToken = default) =>
        cancellationToken.IsCancellationRequested ? Task.FromCanceled(cancellationToken) : Task.CompletedTask;

    /// <summary>
    /// Commits now. Without it the changes are committed before the response headers leave.
    /// </summary>
    public Task CommitAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled(cancellationToken);
        }

        _state.Attributes.NoteCommitted();
        return _state.HasChanges && IsAvailable ? NeedResponse().CommitNowAsync() : Task.CompletedTask;
    }

    public bool TryGetValue(string key, [NotNullWhen(true)] out byte[]? value)
    {
        ArgumentNullException.ThrowIfNull(key);
        NoteUse();
        value = _state.Attributes.TryGet(key, out var stored) ? stored.ToArray() : null;
        return value is not null;
    }

    [return: MaybeNull]
    public T Get<T>(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        NoteUse();
        return _state.Attributes.TryGet(key, out var stored) ? Services.Serializer.Deserialize<T>(stored) : default;
    }

    public void Set<T>(string key, T value) => SetOwned(key, Services.Serializer.Serialize(value));

    public void Set(string key, byte[] value)
    {
        ArgumentNullException.ThrowIfNull(value);
        SetOwned(key, value.AsSpan().ToArray());
    }

    public void Remove(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        NoteUse();
        if (AttributeName.IsReserved(key))
        {
            return;
        }

        if (_state.Attributes.IsStored(key))
        {
            if (_state.Progress.IsReadOnly)
            {
                _state.Progress.ThrowIfOver();
                _state.Attributes.RemoveReadOnly(key);
            }
            else if (!_state.Attributes.IsRemoved(key))
            {
                BeforeChange();
                _state.Attributes.Remove(key);
            }
        }
        else if (!_state.Progress.IsReadOnly && _state.MayBeBehind)
        {
            BeforeChange();
            _state.Attributes.Remove(key);
        }
        else if (_state.Attributes.IsChanged(key))
        {
            BeforeChange();
            _state.Attributes.Forget(key);
        }
    }

    public void Clear()
    {
        foreach (var key in Keys)
        {
            Remove(key);
        }
    }

    public async Task RotateIdAsync(CancellationToken cancellationToken = default)
    {
        BeforeChange();
        _state.CheckLogin();
        LeaveAside();
        if (!IsStored && IsAvailable)
        {
            return; // Its id is not known to anybody yet.
        }

        if (!Services.MayCookieBeSent(Context))
        {
            _state.BecomeNew(); // The client would not learn the new id.
            return;
        }

        _state.Identity.MustNotCommit = true; // Until it is done: whatever throws from here on has changed no id.
        SessionRefusals.ThrowIfEmpty(IsAvailable, "The session's id could not be changed");
        if (_state.Progress.HaveHeadersLeft)
        {
            throw SessionRefusals.TooLateToRotate();
        }

        var commit = _state.CopyForNewId();
        var deadline = BeginWaiting();
        NewIdResult result;
        try
        {
            result = await Services.NewIds.RotateAsync(commit, deadline).ConfigureAwait(false);
        }
        finally
        {
            EndWaiting(deadline);
        }

        _state.SettleRotation(result);
    }

    public async Task DestroyAsync(CancellationToken cancellationToken = default)
    {
        if (await TryDestroyAsync(cancellationToken).ConfigureAwait(false) == SessionDestroyOutcome.Pending)
        {
            throw SessionRefusals.EndPending();
        }
    }

    public async Task<SessionDestroyOutcome> TryDestroyAsync(CancellationToken cancellationToken = default)
    {
        var outcome = SessionDestroyOutcome.Destroyed;
        BeforeChange();
        if (_state.Identity.IsAside)
        {
            return outcome; // It has ended under this id, and its successor is somebody else's matter.
        }

        _state.Identity.MustNotCommit = true; // Until it is done: whatever throws from here on has ended nothing.
        SessionRefusals.ThrowIfEmpty(IsAvailable, "The session could not be ended");
        if (IsStored || _state.Identity.IsEndedElsewhere)
        {
            var deadline = BeginWaiting();
            var ended = await Services.Ends.DestroyAsync(Key, deadline).ConfigureAwait(false);
            EndWaiting(deadline);
            SessionRefusals.ThrowIfUnavailable(ended, "The session could not be ended");
            if (ended.Outcome == CommitOutcome.EndKept)
            {
                outcome = SessionDestroyOutcome.Pending;
            }
        }

        _state.Destroy();
        return outcome;
    }

    /// <summary>
    /// Lets the body wait for the commit, if there is something to commit. Apart from that, the
    /// session calls its response only for a commit at once (<see cref="CommitAsync"/>), and never
    /// while the response commits.
    /// </summary>
    public void ArmIfChanged()
    {
        if (_state.HasChanges)
        {
            Arm();
        }
    }

    private void Arm()
    {
        if (IsAvailable)
        {
            NeedResponse().Arm(_state.Progress.BodyAtRun);
        }
    }

    private SessionResponse NeedResponse() => Response ??= new SessionResponse(this, Context, Services);

    private void SetOwned(string key, byte[] value)
    {
        AttributeName.ThrowIfUnusable(key, Services.Options.MaxAttributeNameBytes);
        NoteUse();
        SessionRefusals.ThrowIfTooLong(value, Services.Options);
        _state.Attributes.PutBack(key);
        if (_state.Attributes.IsStored(key, value) && !_state.MayBeBehind)
        {
            if (_state.Attributes.IsChanged(key))
            {
                BeforeChange();
                _state.Attributes.Forget(key);
            }

            return;
        }

        BeforeChange();
        _state.Attributes.Set(key, value, Services.Options);
    }

    private void NoteUse()
    {
        _state.Progress.IsUsed = true;
        CheckLoginOnce(); // The user may have become known since the session was opened, or used by a middleware.
    }

    private void CheckLoginOnce()
    {
        if (!_state.Login.IsSeen)
        {
            _state.CheckLogin();
            ArmIfChanged();
        }
    }

    /// <summary>
    /// The application begins a session of its own in a request that had none but an empty one for
    /// itself.
    /// </summary>
    private void LeaveAside()
    {
        if (_state.Identity.TryLeaveAside())
        {
            Arm();
        }
    }

    /// <summary>
    /// Refuses a change that could not be kept. Asked only where something really changes.
    /// </summary>
    private void BeforeChange()
    {
        _state.Progress.ThrowIfOver();
        if (_state.Progress.IsReadOnly)
        {
            throw SessionRefusals.ReadOnly(Context, "changes the session");
        }

        if (!IsStored && IsAvailable && !_state.HasChanges && _state.Progress.HaveHeadersLeft)
        {
            throw SessionRefusals.TooLateToBegin();
        }

        _state.Progress.IsChanged = true;
        Arm();
    }
}
