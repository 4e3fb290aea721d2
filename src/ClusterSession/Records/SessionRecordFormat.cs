using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace ClusterSession.Records;

/// <summary>
/// What a store keeps under one key, as bytes: for stores that have no fields of their own, as
/// Redis has. A store that is of another release reads them, or says that it cannot.
/// </summary>
/// <remarks>
/// <code>
/// offset  size   field
/// 0       1      format = 2
/// 1       1      flags: bit 0 = ended, bit 1 = it ends at a time of its own; others are kept
/// 2       8      created, Unix milliseconds
/// 10      13     version; of an ended session that of its end
/// 23      13     the version before it; zeros: none
/// 36      1      marks: bit 0 = tombstones of attributes were dropped
/// 37      7      the highest stamp that was forgotten since, or 0
/// 44      8      the mark of the key: bytes that were copied to another key are recognised
/// 52      2      E, number of intervals
/// 54      20 E   the commits that it contains (see SessionRecord.Intervals)
/// ..             of an ended session: varint length, and the text of its successor; length 0: none
///                else: varint number of attributes, and of each, ascending by name:
///                  varint length of the name, name in UTF-8
///                  13 version, 1 flags (bit 0 = removed)
///                  varint length of the value, value
/// </code>
/// The first 44 bytes and the intervals are those of the field <c>m</c> in Redis. Numbers are
/// big-endian, a varint is unsigned LEB128. Rejected: the table that a record is in memory, which
/// refers to versions by number and holds large values apart; it may change with each release.
/// Thread-safe: all is pure.
/// </remarks>
public static class SessionRecordFormat
{
    private const byte Format = 2;
    private const int VersionOffset = 10;
    private const int PreviousOffset = 23;
    private const int MarksOffset = 36;
    private const int ForgottenOffset = 37;
    private const int KeyOffset = 44;
    private const int CountOffset = 52;
    private const int IntervalsOffset = 54;
    private const int LeastAttribute = SessionVersion.EncodedLength + 3; // Two lengths and the flags.
    private static readonly long MaxCreated = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();
    private static readonly long MinCreated = DateTimeOffset.MinValue.ToUnixTimeMilliseconds();

    /// <summary>The bytes of what is stored.</summary>
    /// <param name="key">Under which key.</param>
    /// <param name="stored">What is stored.</param>
    public static byte[] Write(SessionKey key, StoredSession stored)
    {
        ArgumentNullException.ThrowIfNull(stored);
        var record = stored.Record;
        var output = new ArrayBufferWriter<byte>(IntervalsOffset + record.Size);
        WriteHeader(output.GetSpan(IntervalsOffset), key, record);
        output.Advance(IntervalsOffset);
        output.Write(record.Intervals);
        if (stored.End is { } end)
        {
            WriteBytes(output, Encoding.ASCII.GetBytes(end.Successor?.ToString() ?? ""));
            return output.WrittenSpan.ToArray();
        }

        WriteLength(output, record.AttributeCount);
        foreach (var attribute in record)
        {
            WriteBytes(output, attribute.NameUtf8);
            var fixedPart = output.GetSpan(SessionVersion.EncodedLength + 1);
            attribute.Version.WriteTo(fixedPart);
            fixedPart[SessionVersion.EncodedLength] = attribute.Flags;
            output.Advance(SessionVersion.EncodedLength + 1);
            WriteBytes(output, attribute.Payload);
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads bytes that came from outside.</summary>
    /// <param name="key">Under which key they were found.</param>
    /// <param name="bytes">The bytes.</param>
    /// <param name="stored">What is stored.</param>
    /// <returns>
    /// False if they are malformed, of another key or of a release that this one does not know: the
    /// store answers that the record is damaged, and never that it is missing.
    /// </returns>
    public static bool TryRead(SessionKey key, ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out StoredSession? stored)
    {
        stored = null;
        if (
            bytes.Length < IntervalsOffset
            || bytes[0] != Format
            || BinaryPrimitives.ReadUInt64BigEndian(bytes[KeyOffset..]) != key.Mark
        )
        {
            return false;
        }

        var created = BinaryPrimitives.ReadInt64BigEndian(bytes[2..]);
        var intervals = BinaryPrimitives.ReadUInt16BigEndian(bytes[CountOffset..]) * CommitIntervals.EncodedLength;
        if (
            created < MinCreated
            || created > MaxCreated
            || intervals > bytes.Length - IntervalsOffset
            || !SessionVersion.TryRead(bytes[VersionOffset..], out var version)
            || !TryReadPrevious(bytes[PreviousOffset..], out var previous)
        )
        {
            return false;
        }

        var begun = DateTimeOffset.FromUnixTimeMilliseconds(created);
        var rest = bytes[(IntervalsOffset + intervals)..];
        if ((bytes[1] & SessionRecord.DestroyedFlag) != 0)
        {
            return TryReadEnd(rest, begun, version, out stored);
        }

        using var builder = SessionRecordBuilder.Rent();
        builder.SetHeader(bytes[1], begun);
        builder.SetVersion(version, previous);
        var forgotten = BinaryPrimitives.ReadInt64BigEndian(bytes[(ForgottenOffset - 1)..]) & (long.MaxValue >> 7);
        builder.SetForgotten((bytes[MarksOffset] & 1) != 0, forgotten);
        if (!builder.TryAddIntervals(bytes.Slice(IntervalsOffset, intervals)) || !TryReadAttributes(rest, builder))
        {
            return false;
        }

        stored = StoredSession.Of(builder.Build());
        return true;
    }

    private static void WriteHeader(Span<byte> header, SessionKey key, SessionRecord record)
    {
        header[0] = Format;
        header[1] = record.Flags;
        BinaryPrimitives.WriteInt64BigEndian(header[2..], record.Created.ToUnixTimeMilliseconds());
        record.Version.WriteTo(header[VersionOffset..]);
        record.Previous.WriteTo(header[PreviousOffset..]);
        BinaryPrimitives.WriteInt64BigEndian(header[(ForgottenOffset - 1)..], record.ForgottenUpTo);
        // In the empty first byte of the stamp.
        header[MarksOffset] = record.HasDroppedTombstones ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt64BigEndian(header[KeyOffset..], key.Mark);
        BinaryPrimitives.WriteUInt16BigEndian(
            header[CountOffset..],
            (ushort)(record.Intervals.Length / CommitIntervals.EncodedLength)
        );
    }

    private static bool TryReadPrevious(ReadOnlySpan<byte> bytes, out SessionVersion previous)
    {
        previous = SessionVersion.None;
        return !bytes[..SessionVersion.EncodedLength].ContainsAnyExcept((byte)0)
            || SessionVersion.TryRead(bytes, out previous);
    }

    private static bool TryReadEnd(
        ReadOnlySpan<byte> rest,
        DateTimeOffset created,
        SessionVersion version,
        out StoredSession? stored
    )
    {
        stored = null;
        SessionSuccessor? successor = null;
        var at = 0;
        if (
            !TryReadBytes(rest, ref at, out var text)
            || at != rest.Length
            || (!text.IsEmpty && !SessionSuccessor.TryParse(text, out successor))
        )
        {
            return false;
        }

        stored = StoredSession.Ended(created, new SessionEnd(version, successor));
        return true;
    }

    private static bool TryReadAttributes(ReadOnlySpan<byte> rest, SessionRecordBuilder builder)
    {
        var at = 0;
        if (!Varint.TryRead(rest, ref at, out var left) || left > rest.Length / LeastAttribute)
        {
            return false;
        }

        for (; left > 0; left--)
        {
            if (
                !TryReadBytes(rest, ref at, out var name)
                || rest.Length - at < SessionVersion.EncodedLength + 1
                || !SessionVersion.TryRead(rest[at..], out var version)
            )
            {
                return false;
            }

            var flags = rest[at + SessionVersion.EncodedLength];
            at += SessionVersion.EncodedLength + 1;
            if (!TryReadBytes(rest, ref at, out var value))
            {
                return false;
            }

            builder.Add(name, version, flags, value);
        }

        return at == rest.Length;
    }

    private static void WriteLength(ArrayBufferWriter<byte> output, int length)
    {
        var at = 0;
        Varint.Write(output.GetSpan(Varint.MaxLength), ref at, length);
        output.Advance(at);
    }

    private static void WriteBytes(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> bytes)
    {
        WriteLength(output, bytes.Length);
        output.Write(bytes);
    }

    private static bool TryReadBytes(ReadOnlySpan<byte> source, ref int at, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (!Varint.TryRead(source, ref at, out var length) || length > source.Length - at)
        {
            return false;
        }

        bytes = source.Slice(at, length);
        at += length;
        return true;
    }
}
