using System.Text;

namespace ClusterSession.Sessions;

/// <summary>
/// What one request changed: for each touched attribute its new bytes, or null where it was removed. A later change of one name
/// replaces the earlier one, so a delta never grows beyond the attributes it touches.
/// </summary>
/// <remarks>Not thread-safe on its own; the session of the request guards it.</remarks>
public sealed class SessionDelta
{
    private readonly Dictionary<string, byte[]?> _changes = new(StringComparer.Ordinal);

    /// <summary>How many attributes were set or removed.</summary>
    public int Count => _changes.Count;

    /// <summary>The changes: name, and new bytes or null for a removal.</summary>
    public IReadOnlyDictionary<string, byte[]?> Changes => _changes;

    /// <summary>Sets an attribute.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its bytes; the caller must not change them afterwards.</param>
    public void Set(string name, byte[] value) => _changes[name] = value;

    /// <summary>Removes an attribute.</summary>
    /// <param name="name">Its name.</param>
    public void Remove(string name) => _changes[name] = null;

    /// <summary>Forgets what was done to an attribute: it is again what the record says.</summary>
    /// <param name="name">Its name.</param>
    public void Forget(string name) => _changes.Remove(name);

    /// <summary>Looks a change up.</summary>
    /// <param name="name">The name.</param>
    /// <param name="value">The new bytes, or null for a removal.</param>
    /// <returns>True if the attribute was changed.</returns>
    public bool TryGet(string name, out byte[]? value) => _changes.TryGetValue(name, out value);

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
        using var builder = SessionRecordBuilder.Rent();
        builder.SetHeader(record.Flags, record.Created);
        builder.AddLineage(state);
        builder.AddLineage(record);
        builder.AddAttributes(record, forgetRemovedBefore);
        Span<byte> buffer = stackalloc byte[256];
        foreach (var (name, value) in _changes)
        {
            var utf8 = Encoding.UTF8.GetMaxByteCount(name.Length) <= buffer.Length
                ? buffer[..Encoding.UTF8.GetBytes(name, buffer)]
                : Encoding.UTF8.GetBytes(name);
            var flags = value is null ? SessionAttribute.RemovedFlag : (byte)0;
            builder.Add(utf8, version, flags, value, value is { Length: >= SessionRecord.LargePayload } ? value : null);
        }

        return builder.Build();
    }
}
