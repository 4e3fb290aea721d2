using ClusterSession.Opening;
using ClusterSession.Records;

namespace ClusterSession.Http;

/// <summary>
/// The attributes of a request's session: the record that was opened, and over it what the request
/// has changed. Knows neither the request nor the store.
/// </summary>
internal struct SessionAttributes
{
    private SessionDelta? _delta;
    private List<string>? _committed; // by the application, in this request
    private bool _isPartial;

    /// <summary>
    /// What a ReadOnly endpoint has removed. TempData takes its entry out to look at it and puts
    /// the same bytes back before the headers leave: no change, if nothing is left here by then.
    /// </summary>
    private List<string>? _removedReadOnly;

    /// <summary>What was opened, or committed last; null in a session that begins.</summary>
    public SessionRecord? Record { get; private set; }

    /// <summary>The record. Made where there is none yet.</summary>
    public SessionRecord RecordOrNew(TimeProvider time) => Record ??= SessionRecord.New(time.GetUtcNow());

    /// <summary>Whether the record is all of the session.</summary>
    public readonly bool IsComplete => !_isPartial;

    /// <summary>
    /// Whether the client has, or may have, seen something that the record lacks.
    /// </summary>
    public bool IsRegressed { get; set; }

    /// <summary>Where the record came from.</summary>
    public SessionSource Source { get; private set; }

    /// <summary>
    /// Whether something was set, even if it was removed again: a session that is not stored is
    /// then to be begun.
    /// </summary>
    public bool MustBegin { get; private set; }

    /// <summary>Whether there are changes.</summary>
    public readonly bool HasChanges => _delta is { Count: > 0 };

    /// <summary>Whether attributes were changed that the application can name.</summary>
    public readonly bool HasOwnChanges => _delta is { IsReservedOnly: false };

    /// <summary>The changes. Made where there are none, so that they can be added to.</summary>
    public SessionDelta Delta => _delta ??= new SessionDelta();

    /// <summary>The names of all attributes.</summary>
    public readonly List<string> Keys
    {
        get
        {
            var keys = new List<string>();
            if (Record is not null)
            {
                foreach (var attribute in Record)
                {
                    var name = attribute.Name;
                    if (
                        attribute.Exists
                        && !AttributeName.IsReserved(name)
                        && !IsChanged(name)
                        && _removedReadOnly?.Contains(name) != true
                    )
                    {
                        keys.Add(name);
                    }
                }
            }

            if (_delta is not null)
            {
                foreach (var (name, value) in _delta.Changes)
                {
                    if (value is not null && !AttributeName.IsReserved(name))
                    {
                        keys.Add(name);
                    }
                }
            }

            return keys;
        }
    }

    /// <summary>Begins with a copy that was found.</summary>
    public void Open(in OpenedSession opened)
    {
        Use(opened.Record, opened.IsComplete);
        Source = opened.Source;
        IsRegressed = opened.IsRegressed;
    }

    /// <summary>Goes on with what was committed, or is there now; changes stay.</summary>
    public void Use(SessionRecord? record, bool isComplete)
    {
        Record = record;
        _isPartial = !isComplete;
    }

    /// <summary>
    /// The bytes of an attribute, which the caller must not change; false if there is none.
    /// </summary>
    public readonly bool TryGet(string name, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (AttributeName.IsReserved(name))
        {
            return false;
        }

        if (_delta is not null && _delta.TryGet(name, out var changed))
        {
            value = changed;
            return changed is not null;
        }

        var isStored = TryFindStored(name, out var attribute);
        value = isStored ? attribute.Payload : default;
        return isStored;
    }

    /// <summary>
    /// Whether the record has the attribute, whatever the delta does to it. One that a ReadOnly
    /// endpoint has removed counts as not there.
    /// </summary>
    public readonly bool IsStored(string name) => TryFindStored(name, out _);

    /// <summary>Whether the record has the attribute with these bytes.</summary>
    public readonly bool IsStored(string name, ReadOnlySpan<byte> value) =>
        TryFindStored(name, out var attribute) && attribute.Payload.SequenceEqual(value);

    /// <summary>Whether the request has set or removed the attribute.</summary>
    public readonly bool IsChanged(string name) => _delta?.TryGet(name, out _) == true;

    /// <summary>Whether the request has removed the attribute.</summary>
    public readonly bool IsRemoved(string name) => _delta?.IsRemoval(name) == true;

    /// <summary>Sets an attribute within the limits of the options.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its bytes, which nobody changes afterwards.</param>
    /// <param name="options">How many attributes and bytes a session may have.</param>
    public void Set(string name, byte[] value, ClusterSessionOptions options)
    {
        if (
            (Record?.AttributeCount ?? 0) + (_delta?.Count ?? 0) >= options.MaxAttributes
            && !IsChanged(name)
            && !TryFindStored(name, out _)
            && SessionSize.CountAttributes(Record, _delta) >= options.MaxAttributes
        )
        {
            throw new InvalidOperationException(
                "The session holds as many attributes as ClusterSession:MaxAttributes allows "
                    + $"({options.MaxAttributes:N0}). Remove some, or raise the limit."
            );
        }

        SessionSize.ThrowIfTooLarge(options.MaxSessionBytes, Record, _delta, name, value);
        Delta.Set(name, value);
        MustBegin = true;
    }

    /// <summary>Removes an attribute.</summary>
    public void Remove(string name) => Delta.Remove(name);

    /// <summary>Forgets what was done to an attribute.</summary>
    public readonly void Forget(string name) => _delta?.Forget(name);

    /// <summary>Hides an attribute, which is to be put back.</summary>
    public void RemoveReadOnly(string name) => (_removedReadOnly ??= []).Add(name);

    /// <summary>Puts an attribute back that was removed read-only.</summary>
    public readonly void PutBack(string name) => _removedReadOnly?.Remove(name);

    /// <summary>Puts back all that was removed read-only.</summary>
    /// <returns>An attribute that was removed, or null.</returns>
    public string? PutBackAll()
    {
        var removed = _removedReadOnly is [var name, ..] ? name : null;
        _removedReadOnly = null;
        return removed;
    }

    /// <summary>The changes, which are out of the session's hands from now on.</summary>
    public SessionDelta Take()
    {
        var delta = Delta;
        _delta = null;
        return delta;
    }

    /// <summary>The changes that were taken are the session's again.</summary>
    public void Return(SessionDelta delta) => _delta = delta;

    /// <summary>Drops the changes.</summary>
    public void DropChanges() => _delta = null;

    /// <summary>
    /// What was set so far begins no session any more: it was committed, refused or dropped.
    /// </summary>
    public void NeedNotBegin() => MustBegin = false;

    /// <summary>
    /// Notes what the application commits in the midst of its request: it stays the request's own.
    /// </summary>
    public void NoteCommitted()
    {
        foreach (var (name, value) in _delta is null ? [] : _delta.Changes)
        {
            if (value is not null && !AttributeName.IsReserved(name))
            {
                (_committed ??= []).Add(name);
            }
        }
    }

    /// <summary>
    /// Goes on with an empty record: what this request has set stays, and what is named.
    /// </summary>
    public void Empty(SessionRecord empty, IEnumerable<string> carried)
    {
        var former = Record;
        Record = empty;
        _removedReadOnly = null;
        foreach (var name in carried.Concat(_committed ?? []))
        {
            if (!IsChanged(name) && former is not null && former.TryFind(name, out var attribute) && attribute.Exists)
            {
                Delta.Set(name, attribute.Payload.ToArray());
            }
        }

        foreach (var removed in Delta.Changes.ToArray().Where(static change => change.Value is null))
        {
            Delta.Forget(removed.Key);
        }
    }

    /// <summary>There is no session any more, and no changes.</summary>
    public void Clear()
    {
        Use(null, isComplete: true);
        _delta = null;
        MustBegin = false;
    }

    private readonly bool TryFindStored(string name, out SessionAttribute attribute)
    {
        attribute = default;
        return Record is not null
            && Record.TryFind(name, out attribute)
            && attribute.Exists
            && _removedReadOnly?.Contains(name) != true;
    }
}
