using ClusterSession.Principals;
using ClusterSession.Records;

namespace ClusterSession.Http;

/// <summary>
/// The id of a request's session: which one it has, and whether it is stored under it.
/// </summary>
/// <remarks>
/// <code>
/// new      no id, or one that was drawn: the application asked for it, or it is being stored;
///  |       nobody else knows it
///  | Use   the session was opened, stored, or goes on under another id
///  v
/// stored
///  | Clear its end, by this request or another (IsEndedElsewhere), or the store is away
///  v
/// new
/// </code>
/// A session that stands aside (<see cref="IsAside"/>) is new and stays so, until the application
/// begins one of its own.
/// </remarks>
internal struct SessionIdentity
{
    private bool _isDrawn;
    private bool _isUnavailable;

    /// <summary>The id; of a session that was cleared the one that it had.</summary>
    public SessionId Id { get; private set; }

    /// <summary>The key of the id.</summary>
    public SessionKey Key { get; private set; }

    /// <summary>Whether the session is stored under its id, and not known to have ended.</summary>
    public bool IsStored { get; private set; }

    /// <summary>What the application was given as the session's name, or null.</summary>
    public string? PublicName { get; set; }

    /// <summary>
    /// Whether a rotation or an end was asked for and did not happen. Then nothing more of this
    /// request is kept: what it wrote was meant for the new id, and an attacker may know the old
    /// one.
    /// </summary>
    public bool MustNotCommit { get; set; }

    /// <summary>
    /// Whether another request has ended the session while this one ran, or given it another id.
    /// </summary>
    public bool IsEndedElsewhere { get; set; }

    /// <summary>
    /// Whether the session can be stored; else it is empty and for this request alone.
    /// </summary>
    public bool IsAvailable
    {
        readonly get => !_isUnavailable;
        set => _isUnavailable = !value;
    }

    /// <summary>
    /// Whether the session is empty for this request because the client's session is, or may be,
    /// another person's by now: its id was rotated, or another person has logged in after the
    /// headers left.
    /// </summary>
    public bool IsAside { get; private set; }

    /// <summary>
    /// The session is empty and for this request alone, because the client's is or may be another
    /// person's by now: a session that this request began would take that one's place at the
    /// client.
    /// </summary>
    public void StandAside()
    {
        IsAvailable = false;
        IsAside = true;
    }

    /// <summary>
    /// The application begins a session of its own, if it has only had an empty one.
    /// </summary>
    public bool TryLeaveAside()
    {
        if (!IsAside)
        {
            return false;
        }

        IsAside = false;
        IsAvailable = true;
        return true;
    }

    /// <summary>The session is stored under this id.</summary>
    public void Use(in SessionId id, SessionKey key)
    {
        Id = id;
        Key = key;
        PublicName = null;
        IsStored = true;
    }

    /// <summary>The id that a new session will have when it is committed.</summary>
    public SessionId Draw(RequestSessionServices services)
    {
        if (!_isDrawn)
        {
            Id = services.DrawId();
            _isDrawn = true;
        }

        return Id;
    }

    /// <summary>The id that was drawn is another session's.</summary>
    public void Discard()
    {
        _isDrawn = false;
        PublicName = null;
    }

    /// <summary>The session is new again. The key stays, because it may have to be ended.</summary>
    public void Clear()
    {
        IsStored = false;
        Discard();
    }

    /// <summary>
    /// What the application is given as the session's name: no secret, unlike the id.
    /// </summary>
    /// <param name="record">The record of a session that is stored.</param>
    /// <param name="next">The id that it is to have, if another person has logged in.</param>
    /// <param name="services">What draws ids.</param>
    public string PublicNameOf(SessionRecord? record, SessionId? next, RequestSessionServices services) =>
        PublicName ??=
            !IsStored ? SessionKey.Of(Draw(services)).ToString()
            : next is { } id ? SessionKey.Of(id).ToString()
            : (record is null ? null : SessionName.Of(record)) ?? Key.ToString();
}
