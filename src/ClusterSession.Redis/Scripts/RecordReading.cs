using System.Buffers.Binary;
using ClusterSession.Records;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;
using ClusterSession.Stores;

namespace ClusterSession.Redis.Scripts;

/// <summary>
/// Reads the fields of a session's hash. Anybody can have written them: what this library would not
/// have written is damaged, and not used in part. A damaged record is never taken for "no session".
/// </summary>
internal static class RecordReading
{
    public const string NoVersion = "it has no version";
    public const string VersionBeyond = "its version is beyond all clocks";
    public const string OfAnotherKey = "it was written under another key, and copied or renamed since";
    private const byte DestroyedFlag = 1;

    /// <summary>Reads what HGETALL answers, and the remaining life behind it.</summary>
    public static StoreRead Read(SessionKey key, ref RespReader reader, SessionLease lease)
    {
        using var builder = SessionRecordBuilder.Rent();
        var damage = "it has no header";
        string? attributeDamage = null;
        string? endDamage = null;
        var (isDestroyed, isOfKey) = (false, true); // Records of earlier releases do not say of which key they are.
        var (version, newest) = (SessionVersion.None, SessionVersion.None);
        SessionSuccessor? successor = null;
        var fields = reader.Count - 1; // The last value is the remaining life.
        for (var left = fields; left > 0; left -= 2)
        {
            var field = reader.ReadBytes();
            var value = reader.ReadBytes();
            if (field.SequenceEqual(RedisKeys.HeaderField))
            {
                damage = ReadHeader(value, builder, out isDestroyed, out version);
            }
            else if (field.SequenceEqual(RedisKeys.MarkField))
            {
                isOfKey = RedisKeys.IsMarkOf(key, value);
            }
            else if (field.SequenceEqual(RedisKeys.SuccessorField))
            {
                endDamage = ReadSuccessor(key, value, out successor);
            }
            else if (field.StartsWith(RedisKeys.AttributePrefix))
            {
                if (value.Length < RedisKeys.AttributeFixedLength || !SessionVersion.TryRead(value, out var written))
                {
                    attributeDamage = "an attribute is cut off, or its version beyond all clocks";
                    continue;
                }

                newest = written > newest ? written : newest;
                builder.Add(
                    field[1..],
                    written,
                    value[SessionVersion.EncodedLength],
                    value[RedisKeys.AttributeFixedLength..]
                );
            }
        }

        if (!isOfKey)
        {
            return StoreRead.Damaged(OfAnotherKey); // Another's, or another's end.
        }

        if (isDestroyed && damage is null)
        {
            return StoreRead.DestroyedBy(successor, LifeOf(reader.ReadInt64())) with { Damage = endDamage };
        }

        damage ??= attributeDamage ?? (newest > version ? "an attribute is newer than the record" : null);
        return damage is null
            ? StoreRead.Found(builder.Build(), lease, LifeOf(reader.ReadInt64()))
            : StoreRead.Damaged(damage);
    }

    /// <summary>Reads the field of the header alone: a record without attributes.</summary>
    /// <returns>Null if it is damaged.</returns>
    public static SessionRecord? ReadHeader(ReadOnlySpan<byte> header)
    {
        using var builder = SessionRecordBuilder.Rent();
        if (ReadHeader(header, builder, out var isDestroyed, out var version) is not null)
        {
            return null;
        }

        if (isDestroyed)
        {
            builder.SetVersion(version, SessionVersion.None);
        }

        return builder.Build();
    }

    /// <summary>
    /// What PTTL answers, in milliseconds; negative where the key is kept without end.
    /// </summary>
    public static TimeSpan? LifeOf(long milliseconds) =>
        milliseconds < 0 ? null : TimeSpan.FromMilliseconds(milliseconds);

    /// <summary>
    /// Reads under what an ended session goes on. Where that makes no sense, it ended and goes on
    /// nowhere.
    /// </summary>
    /// <returns>What is wrong, or null.</returns>
    public static string? ReadSuccessor(SessionKey key, ReadOnlySpan<byte> text, out SessionSuccessor? successor)
    {
        successor = null;
        if (text.IsEmpty)
        {
            return null;
        }

        if (!SessionSuccessor.TryParse(text, out var read))
        {
            return "its end names a successor that is no key";
        }

        if (read.Key == key)
        {
            return "its end names itself as the successor";
        }

        successor = read;
        return null;
    }

    /// <returns>What is wrong, or null.</returns>
    private static string? ReadHeader(
        ReadOnlySpan<byte> header,
        SessionRecordBuilder builder,
        out bool isDestroyed,
        out SessionVersion version
    )
    {
        (isDestroyed, version) = (false, SessionVersion.None);
        if (header.Length < RedisKeys.FormerHeaderFixedLength)
        {
            return "its header is cut off";
        }

        isDestroyed = (header[1] & DestroyedFlag) != 0;
        var created = BinaryPrimitives.ReadInt64BigEndian(header[2..]);
        if (created is < 0 or > 253402300799999)
        {
            if (!isDestroyed) // Of an end it does not matter.
            {
                return "it was created beyond all calendars";
            }

            created = 0;
        }

        builder.SetHeader(header[1], DateTimeOffset.FromUnixTimeMilliseconds(created));
        if (isDestroyed)
        {
            return ReadEnd(header, out version);
        }

        switch (header[0])
        {
            case RedisKeys.Format when !TryReadCommits(header, builder, out version):
            case RedisKeys.FormerFormat when !TryReadLineage(header, builder, out version):
                return "its version or its commits cannot be read";
            case RedisKeys.Format or RedisKeys.FormerFormat:
                return version.IsNone ? NoVersion : null;
            default:
                return $"it has format {header[0]}, which this release cannot read";
        }
    }

    /// <summary>Of an end its version counts, and nothing else of the header.</summary>
    private static string? ReadEnd(ReadOnlySpan<byte> header, out SessionVersion version)
    {
        var at = header[0] switch
        {
            RedisKeys.Format => RedisKeys.VersionOffset,
            RedisKeys.FormerFormat => RedisKeys.FormerHeaderFixedLength,
            _ => header.Length,
        };
        return SessionVersion.TryRead(header[at..], out version) && !version.IsNone
            ? null
            : "it is an end that cannot be read";
    }

    private static bool TryReadCommits(
        ReadOnlySpan<byte> header,
        SessionRecordBuilder builder,
        out SessionVersion version
    )
    {
        version = default;
        if (
            header.Length < RedisKeys.HeaderFixedLength
            || !SessionVersion.TryRead(header[RedisKeys.VersionOffset..], out version)
            || !SessionVersion.TryRead(header[RedisKeys.PreviousOffset..], out var previous)
            || (BinaryPrimitives.ReadInt64BigEndian(header[(RedisKeys.ForgottenOffset - 1)..]) & (long.MaxValue >> 7))
                is not (<= SessionVersion.MaxStamp and var forgotten)
        )
        {
            return false;
        }

        builder.SetVersion(version, previous);
        builder.SetForgotten((header[RedisKeys.MarksOffset] & 1) != 0, forgotten);
        return builder.TryAddIntervals(header[RedisKeys.HeaderFixedLength..]);
    }

    /// <summary>
    /// An earlier release named up to 16 commits, newest first: those alone are certain.
    /// </summary>
    private static bool TryReadLineage(
        ReadOnlySpan<byte> header,
        SessionRecordBuilder builder,
        out SessionVersion newest
    )
    {
        newest = default;
        if (header.Length != RedisKeys.FormerHeaderFixedLength + (header[10] * SessionVersion.EncodedLength))
        {
            return false;
        }

        for (var at = RedisKeys.FormerHeaderFixedLength; at < header.Length; at += SessionVersion.EncodedLength)
        {
            if (!SessionVersion.TryRead(header[at..], out var version))
            {
                return false;
            }

            builder.AddCommit(version);
            builder.SetVersion(newest, version); // The second is the one before the first.
            newest = newest.IsNone ? version : newest;
        }

        return true;
    }
}
