using System.Diagnostics.CodeAnalysis;
using ClusterSession.Http.Cookies;
using ClusterSession.Sessions;
using ClusterSession.Sessions.Committing;
using ClusterSession.Sessions.Opening;
using ClusterSession.Sessions.Principals;
using ClusterSession.Stores;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ClusterSession.Http;

/// <summary>
/// The session of one request: reads come from the opened copy, writes go to a delta over it. What belongs to the
/// response (when to commit, which cookie to send) is in <see cref="SessionResponse"/>.
/// </summary>
internal sealed partial class RequestSession : IClusterSession, ISessionFeature
{
    private readonly RequestSessionServices _services;
    private readonly HttpContext _context;
    private readonly bool _isReadOnly;
    private SessionRecord? _record;
    private bool _isWhole = true;
    private bool _isEndedElsewhere;
    private SessionId _id;
    private bool _isIdDrawn;
    private SessionDelta? _delta;
    private SessionResponse? _response;
    private string? _publicId;

    public RequestSession(RequestSessionServices services, HttpContext context, SessionAccessAttribute? access)
    {
        _services = services;
        _context = context;
        _isReadOnly = access?.Concurrency == SessionConcurrency.ReadOnly;
        Prolongs = access?.Prolongs ?? true;
        Durability = access?.DurabilityIfSet ?? services.Options.Durability;
    }

    ISession ISessionFeature.Session { get => this; set => throw new NotSupportedException("The session of a request cannot be replaced."); }

    public bool IsAvailable { get; private set; } = true;

    /// <summary>The text of the store's key: names the session in tools, and is no secret. The secret id is in the cookie alone.</summary>
    public string Id => _publicId ??= SessionKey.Of(IsNew ? DrawId() : _id).ToString();

    public SessionKey Key { get; private set; }

    public SessionVersion Version => _record?.Version ?? SessionVersion.None;

    public bool IsNew { get; private set; } = true;

    public bool IsRegressed { get; private set; }

    public SessionSource Source { get; private set; } = SessionSource.New;

    public SessionDurability Durability { get; set; }

    /// <summary>Whether the request is a use of its session, when it opens it and when it ends.</summary>
    public bool Prolongs { get; }

    public bool HasChanges => _delta is { Count: > 0 };

    public bool HasEnded { get; private set; }

    public IEnumerable<string> Keys
    {
        get
        {
            var keys = new List<string>();
            foreach (var attribute in Record)
            {
                var name = attribute.Name;
                if (attribute.Exists && !SessionPrincipal.IsReserved(name) && _delta?.TryGet(name, out _) != true)
                {
                    keys.Add(name);
                }
            }

            if (_delta is not null)
            {
                foreach (var (name, value) in _delta.Changes)
                {
                    if (value is not null && !SessionPrincipal.IsReserved(name))
                    {
                        keys.Add(name);
                    }
                }
            }

            return keys;
        }
    }

    private SessionRecord Record => _record ??= SessionRecord.New(_services.Time.GetUtcNow());

    private SessionDelta Delta => _delta ??= new SessionDelta();

    private SessionResponse Response => _response ??= new SessionResponse(this, _context, _services);

    /// <summary>Begins with a copy that was found.</summary>
    public void Begin(in SessionId id, SessionKey key, in OpenedSession opened)
    {
        _id = id;
        Key = key;
        _record = opened.Record;
        _isWhole = opened.IsWhole;
        Source = opened.Source;
        IsRegressed = opened.IsRegressed;
        IsNew = false;
        RecordPrincipal();
    }

    /// <summary>Begins anew where the client's session had expired; its cookie is taken back unless a new one replaces it.</summary>
    public void BeginInsteadOfExpired(bool isRegressed)
    {
        IsRegressed = isRegressed;
        Response.ExpireCookie();
    }

    /// <summary>Begins with an empty session for this request alone, because the store gives no answer.</summary>
    public void BeginUnavailable() => IsAvailable = false;

    /// <summary>The cookie is to be sent although nothing changes: its key is being retired.</summary>
    public void RenewCookie() => Response.SendCookie();

    public Task LoadAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    public bool TryGetValue(string key, [NotNullWhen(true)] out byte[]? value)
    {
        if (SessionPrincipal.IsReserved(key))
        {
            value = null;
            return false;
        }

        if (_delta is not null && _delta.TryGet(key, out value))
        {
            value = value?.AsSpan().ToArray();
            return value is not null;
        }

        value = _record is not null && _record.TryFind(key, out var attribute) && attribute.Exists ? attribute.Payload.ToArray() : null;
        return value is not null;
    }

    [return: MaybeNull]
    public T Get<T>(string key)
    {
        if (SessionPrincipal.IsReserved(key))
        {
            return default;
        }

        if (_delta is not null && _delta.TryGet(key, out var changed))
        {
            return changed is null ? default : _services.Serializer.Deserialize<T>(changed);
        }

        return _record is not null && _record.TryFind(key, out var attribute) && attribute.Exists
            ? _services.Serializer.Deserialize<T>(attribute.Payload)
            : default;
    }

    public void Set<T>(string key, T value) => SetOwned(key, _services.Serializer.Serialize(value));

    public void Set(string key, byte[] value)
    {
        ArgumentNullException.ThrowIfNull(value);
        SetOwned(key, value.AsSpan().ToArray());
    }

    public void Remove(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (SessionPrincipal.IsReserved(key))
        {
            return;
        }

        BeforeChange();
        if (_record is not null && _record.TryFind(key, out var attribute) && attribute.Exists)
        {
            Delta.Remove(key);
        }
        else
        {
            _delta?.Forget(key);
        }
    }

    public void Clear()
    {
        foreach (var key in Keys)
        {
            Remove(key);
        }
    }

    /// <summary>Commits now. Without it the changes are committed before the response headers leave.</summary>
    public async Task CommitAsync(CancellationToken cancellationToken = default)
    {
        var result = await BeginCommit().ConfigureAwait(false);
        EndCommit(result);
        if (result.Outcome == CommitOutcome.Unavailable)
        {
            throw new SessionUnavailableException("The session could not be committed: its store gave no answer.", result.Failure);
        }
    }

    /// <summary>Commits what is not committed yet. The result is for <see cref="EndCommit"/>, at once: one asynchronous layer less than if it were taken here.</summary>
    public ValueTask<CommitResult> BeginCommit()
    {
        if (!HasChanges || !IsAvailable)
        {
            return new(CommitResult.Nothing);
        }

        RecordPrincipal(); // A new session has none yet, and an endpoint may have logged somebody in.
        var delta = _delta!;
        _delta = null;
        if (_isEndedElsewhere)
        {
            return new(CommitResult.Destroyed);
        }

        var waiting = BeginWaiting();
        Response.Waiting = waiting;
        return IsNew
            ? CreateAndContinueAsync(delta, waiting)
            : _services.Committer.CommitAsync(Key, Record, _isWhole, delta, Durability, waiting);
    }

    /// <summary>Goes on with what was committed.</summary>
    public void EndCommit(in CommitResult result)
    {
        if (result.Outcome != CommitOutcome.Nothing)
        {
            EndWaiting(Response.Waiting);
        }

        switch (result.Outcome)
        {
            case CommitOutcome.Committed:
                _record = result.Record;
                _isWhole = result.IsWhole;
                Response.SendCookie();
                break;
            case CommitOutcome.Destroyed when !_isEndedElsewhere:
                EndElsewhere();
                break;
        }
    }

    /// <summary>Drops what was not committed and not sent, because the request failed.</summary>
    public void Abandon()
    {
        HasEnded = true;
        _delta = null;
        _response?.Abandon();
    }

    /// <summary>Commits what the response has not waited for, and lets nothing change any more.</summary>
    public ValueTask FinishAsync()
    {
        HasEnded = true;
        return _response is null ? ValueTask.CompletedTask : _response.FinishAsync();
    }

    /// <summary>The value of the cookie that names this session and what this response has shown of it, between two texts.</summary>
    public string WriteCookie(ReadOnlySpan<char> before, ReadOnlySpan<char> after) =>
        _services.Cookies.Write(before, after, _id, Key, Version, _services.KeyRing.Signing, _services.KeyRing.Current!);

    private void SetOwned(string key, byte[] value)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (SessionPrincipal.IsReserved(key))
        {
            throw new ArgumentException(Reserved, nameof(key));
        }

        BeforeChange();
        var options = _services.Options;
        if (value.Length > options.MaxAttributeBytes)
        {
            throw new ArgumentException(
                $"The attribute has {value.Length:N0} bytes, and ClusterSession:MaxAttributeBytes allows {options.MaxAttributeBytes:N0}. " +
                "Store less in the session, or raise the limit.", nameof(value));
        }

        var exists = false;
        if (_record is not null && _record.TryFind(key, out var attribute) && attribute.Exists)
        {
            exists = true;
            if (attribute.Payload.SequenceEqual(value))
            {
                _delta?.Forget(key);
                return;
            }
        }

        if (!exists && _delta?.TryGet(key, out _) != true && (_record?.AttributeCount ?? 0) + (_delta?.Count ?? 0) >= options.MaxAttributes)
        {
            throw new InvalidOperationException(
                $"The session holds as many attributes as ClusterSession:MaxAttributes allows ({options.MaxAttributes:N0}). " +
                "Remove some, or raise the limit.");
        }

        Delta.Set(key, value);
    }

    private void BeforeChange()
    {
        if (HasEnded)
        {
            throw new InvalidOperationException(
                "The request of this session has ended. Change the session before the request ends; work that goes on after it has no session.");
        }

        if (_isReadOnly)
        {
            throw new InvalidOperationException(
                $"The endpoint '{_context.GetEndpoint()?.DisplayName}' has [SessionAccess(SessionConcurrency.ReadOnly)] and changes the session. " +
                "Mark it as Merge, or do not change the session there.");
        }

        if (IsNew && IsAvailable && !HasChanges && _context.Response.HasStarted)
        {
            throw new InvalidOperationException(
                "A session cannot begin after the response headers have left: the client would not learn its id. Change the session before writing the response.");
        }

        if (IsAvailable)
        {
            Response.Arm();
        }
    }
}
