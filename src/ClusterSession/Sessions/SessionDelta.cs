using System.Text;
using ClusterSession.Sessions.Principals;

namespace ClusterSession.Sessions;

/// <summary>
/// What one request changed: for each touched attribute its new bytes, or null where it was removed. A later change of one name
/// replaces the earlier one, so a delta never grows beyond the attributes it touches.
/// </summary>
/// <remarks>
/// A request changes one attribute or a few: they are an array that is searched from the front, and a dictionary finds them only where there are many.
/// Not thread-safe on its own; the session of the request guards it.
/// </remarks>
public sealed class SessionDelta
{
    private const int IndexFrom = 16;
    private const int FirstRoom = 2;

    private KeyValuePair<string, byte[]?>[] _changes = [];
    private Dictionary<string, int>? _index;

    /// <summary>How many attributes were set or removed.</summary>
    public int Count { get; private set; }

    /// <summary>The changes: name, and new bytes or null for a removal. Valid until the next change.</summary>
    public ReadOnlySpan<KeyValuePair<string, byte[]?>> Changes => _changes.AsSpan(0, Count);

    /// <summary>Whether only attributes were changed whose names applications cannot use.</summary>
    internal bool IsReservedOnly
    {
        get
        {
            foreach (var (name, _) in Changes)
            {
                if (!SessionPrincipal.IsReserved(name))
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>Sets an attribute.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its bytes; the caller must not change them afterwards.</param>
    public void Set(string name, byte[] value) => Put(name, value);

    /// <summary>Removes an attribute.</summary>
    /// <param name="name">Its name.</param>
    public void Remove(string name) => Put(name, null);

    /// <summary>Forgets what was done to an attribute: it is again what the record says.</summary>
    /// <param name="name">Its name.</param>
    public void Forget(string name)
    {
        var at = IndexOf(name);
        if (at < 0)
        {
            return;
        }

        _index?.Remove(name);
        var last = _changes[--Count];
        _changes[Count] = default;
        if (at < Count)
        {
            _changes[at] = last;
            if (_index is not null)
            {
                _index[last.Key] = at;
            }
        }
    }

    /// <summary>Looks a change up.</summary>
    /// <param name="name">The name.</param>
    /// <param name="value">The new bytes, or null for a removal.</param>
    /// <returns>True if the attribute was changed.</returns>
    public bool TryGet(string name, out byte[]? value)
    {
        var at = IndexOf(name);
        value = at < 0 ? null : _changes[at].Value;
        return at >= 0;
    }

    /// <summary>The record with these changes made by one commit.</summary>
    /// <param name="record">What the request opened.</param>
    /// <param name="version">The version of the commit.</param>
    /// <param name="forgetRemovedBefore">Tombstones with an earlier stamp are left out; 0 keeps all.</param>
    public SessionRecord ApplyTo(SessionRecord record, SessionVersion version, long forgetRemovedBefore = 0) =>
        ApplyTo(record, version, version, forgetRemovedBefore);

    /// <summary>The record with these changes, as another state than the one that the store makes, or has made, of the same commit.</summary>
    internal SessionRecord ApplyTo(SessionRecord record, SessionVersion version, SessionVersion state, long forgetRemovedBefore = 0)
    {
        ArgumentNullException.ThrowIfNull(record);
        return version == state && SessionRecordRewrite.TryApply(record, this, version) is { } rewritten
            ? rewritten
            : Build(record, version, state, forgetRemovedBefore);
    }

    /// <summary>The same, whatever the record and the changes are.</summary>
    internal SessionRecord Build(SessionRecord record, SessionVersion version, SessionVersion state, long forgetRemovedBefore)
    {
        using var builder = SessionRecordBuilder.Rent();
        builder.SetHeader(record.Flags, record.Created);
        builder.AddLineage(state);
        builder.AddLineage(record);
        builder.AddAttributes(record, forgetRemovedBefore);
        Span<byte> buffer = stackalloc byte[256];
        foreach (var (name, value) in Changes)
        {
            var utf8 = Encoding.UTF8.GetMaxByteCount(name.Length) <= buffer.Length
                ? buffer[..Encoding.UTF8.GetBytes(name, buffer)]
                : Encoding.UTF8.GetBytes(name);
            var flags = value is null ? SessionAttribute.RemovedFlag : (byte)0;
            builder.Add(utf8, version, flags, value, value is { Length: >= SessionRecord.LargePayload } ? value : null);
        }

        return builder.Build();
    }

    private void Put(string name, byte[]? value)
    {
        var at = IndexOf(name);
        if (at < 0)
        {
            at = Count++;
            if (at == _changes.Length)
            {
                Array.Resize(ref _changes, Math.Max(FirstRoom, 2 * at));
            }

            if (Count == IndexFrom)
            {
                _index = new Dictionary<string, int>(StringComparer.Ordinal);
                for (var i = 0; i < at; i++)
                {
                    _index.Add(_changes[i].Key, i);
                }
            }

            _index?.Add(name, at);
        }

        _changes[at] = new(name, value);
    }

    private int IndexOf(string name)
    {
        if (_index is not null)
        {
            return _index.GetValueOrDefault(name, -1);
        }

        for (var i = 0; i < Count; i++)
        {
            if (_changes[i].Key == name)
            {
                return i;
            }
        }

        return -1;
    }
}
