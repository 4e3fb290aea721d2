using System.Buffers.Binary;

namespace ClusterSession.Records;

/// <summary>
/// The time at which a record ends, if it has one of its own, as a ticket has. It is an attribute
/// under a reserved name, so that it is changed, merged and replayed with the rest. A bit of the
/// record's flags says that it is there: sessions, which have none, are not searched for it.
/// </summary>
internal static class RecordExpiry
{
    /// <summary>The bit of the record's flags.</summary>
    public const byte Flag = 2;

    public const string Name = "\0until";

    private static ReadOnlySpan<byte> NameUtf8 => "\0until"u8;

    /// <summary>When the record ends; null for one that ends when it is not used.</summary>
    public static DateTimeOffset? Of(SessionRecord record) =>
        record.HasOwnExpiry && record.TryFind(NameUtf8, out var attribute) && attribute.Exists
            ? Read(attribute.Payload)
            : null;

    /// <summary>When the record ends with these changes.</summary>
    public static DateTimeOffset? Of(SessionRecord record, SessionDelta delta) =>
        record.HasOwnExpiry && delta.TryGet(Name, out var bytes) && bytes is not null ? Read(bytes) : Of(record);

    public static byte[] ToBytes(DateTimeOffset end)
    {
        var bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, end.ToUnixTimeMilliseconds());
        return bytes;
    }

    private static DateTimeOffset? Read(ReadOnlySpan<byte> bytes) =>
        bytes.Length == sizeof(long)
        && BinaryPrimitives.ReadInt64BigEndian(bytes) is var at
        && at >= DateTimeOffset.MinValue.ToUnixTimeMilliseconds()
        && at <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? DateTimeOffset.FromUnixTimeMilliseconds(at)
            : null;
}
