using ClusterSession.Records;

namespace ClusterSession.Tests.Stores.ThirdParty;

/// <summary>A <see cref="StoredSession"/> as bytes, by its public members alone.</summary>
internal static class PlainRecord
{
    public static byte[] ToBytes(SessionKey key, StoredSession stored)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        var record = stored.Record;
        writer.Write(key.Mark);
        writer.Write(stored.End is not null);
        writer.Write(record.Created.ToUnixTimeMilliseconds());
        Write(writer, record.Version);
        if (stored.End is { } end)
        {
            writer.Write(end.Successor?.ToString() ?? "");
            return bytes.ToArray();
        }

        writer.Write(record.Flags);
        Write(writer, record.Previous);
        writer.Write(record.HasDroppedTombstones);
        writer.Write(record.ForgottenUpTo);
        Write(writer, record.Intervals);
        writer.Write(record.AttributeCount);
        foreach (var attribute in record)
        {
            Write(writer, attribute.NameUtf8);
            Write(writer, attribute.Version);
            writer.Write(attribute.Flags);
            Write(writer, attribute.Payload);
        }

        return bytes.ToArray();
    }

    /// <summary>Reads them.</summary>
    /// <exception cref="InvalidDataException">They are of another key, or malformed.</exception>
    public static StoredSession Read(SessionKey key, byte[] bytes)
    {
        try
        {
            using var reader = new BinaryReader(new MemoryStream(bytes));
            return reader.ReadUInt64() == key.Mark
                ? Read(reader)
                : throw new InvalidDataException("The record was written under another key.");
        }
        catch (Exception malformed) when (malformed is IOException or ArgumentException or FormatException)
        {
            throw new InvalidDataException("The record cannot be read.", malformed);
        }
    }

    private static StoredSession Read(BinaryReader reader)
    {
        var hasEnded = reader.ReadBoolean();
        var created = DateTimeOffset.FromUnixTimeMilliseconds(reader.ReadInt64());
        var version = ReadVersion(reader);
        if (hasEnded)
        {
            // An end is made by ending what it ended: its beginning and its version are all that is left of that.
            var text = System.Text.Encoding.ASCII.GetBytes(reader.ReadString());
            SessionSuccessor? successor = SessionSuccessor.TryParse(text, out var named) ? named : null;
            var begun = StoredSession.Of(SessionRecord.New(created));
            return StoredSession.Destroy(begun, new SessionEnd(version, successor)).Next!;
        }

        using var builder = SessionRecordBuilder.Rent();
        builder.SetHeader(reader.ReadByte(), created);
        builder.SetVersion(version, ReadVersion(reader));
        builder.SetForgotten(reader.ReadBoolean(), reader.ReadInt64());
        if (!builder.TryAddIntervals(ReadBytes(reader)))
        {
            throw new InvalidDataException("The intervals of the record are malformed.");
        }

        for (var left = reader.ReadInt32(); left > 0; left--)
        {
            builder.Add(ReadBytes(reader), ReadVersion(reader), reader.ReadByte(), ReadBytes(reader));
        }

        return StoredSession.Of(builder.Build());
    }

    private static void Write(BinaryWriter writer, SessionVersion version)
    {
        Span<byte> bytes = stackalloc byte[SessionVersion.EncodedLength];
        version.WriteTo(bytes);
        writer.Write(bytes);
    }

    private static void Write(BinaryWriter writer, ReadOnlySpan<byte> bytes)
    {
        writer.Write(bytes.Length);
        writer.Write(bytes);
    }

    private static SessionVersion ReadVersion(BinaryReader reader) =>
        SessionVersion.TryRead(reader.ReadBytes(SessionVersion.EncodedLength), out var version)
            ? version
            : throw new InvalidDataException("A version of the record is malformed.");

    private static byte[] ReadBytes(BinaryReader reader)
    {
        var length = reader.ReadInt32();
        var bytes = reader.ReadBytes(length);
        return bytes.Length == length ? bytes : throw new EndOfStreamException();
    }
}
