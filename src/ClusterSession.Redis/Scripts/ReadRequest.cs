using System.Buffers.Binary;
using ClusterSession.Records;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;
using ClusterSession.Stores;

namespace ClusterSession.Redis.Scripts;

/// <summary>
/// read.lua. Plain HGETALL would cost the server 10 us instead of 15, but does not say how long the
/// session lives on: a node that has not got it could not tell whether it is idle,
/// and a second command costs more than the script does.
/// </summary>
internal sealed class ReadRequest(RedisKeys keys, SessionKey key, SessionVersion known, LeaseSource leases)
    : StoreRequest<StoreRead>, IScriptRequest
{
    /// <inheritdoc/>
    public bool IsSentWhole { get; set; }

    public override bool IsRead => true;

    public override int RouteLength => keys.SessionLength;

    public override void WriteRoute(Span<byte> destination) => keys.WriteSession(destination, key);

    public override StoreRead Unavailable(StoreFailure failure) => StoreRead.Unavailable(failure);

    public override void WriteTo(ref RespWriter writer)
    {
        writer.WriteCommand(IsSentWhole ? "EVAL"u8 : "EVALSHA"u8, 4);
        writer.WriteBulk(IsSentWhole ? RedisScript.Read.Body : RedisScript.Read.Sha);
        writer.WriteBulk("1"u8);
        keys.WriteSession(ref writer, key);
        known.WriteTo(writer.WriteBulkSpace(SessionVersion.EncodedLength));
    }

    protected override StoreRead Parse(ref RespReader reader)
    {
        var lease = leases.For(Connection!);
        if (!reader.IsAggregate)
        {
            return StoreRead.Unchanged(lease, LifeOf(reader.GetInt64()));
        }

        return reader.Count == 0 ? StoreRead.Missing(lease) : ParseRecord(ref reader, lease);
    }

    private StoreRead ParseRecord(ref RespReader reader, SessionLease lease)
    {
        using var builder = SessionRecordBuilder.Rent();
        var isReadable = false;
        var isDestroyed = false;
        var isOfKey = true; // Records of earlier releases do not say.
        SessionSuccessor? successor = null;
        var fields = reader.Count - 1; // The last value is the remaining life.
        for (var left = fields; left > 0; left -= 2)
        {
            var field = reader.ReadBytes();
            var value = reader.ReadBytes();
            if (field.SequenceEqual(RedisKeys.HeaderField))
            {
                isReadable = TryReadHeader(value, builder, out isDestroyed);
            }
            else if (field.SequenceEqual(RedisKeys.MarkField))
            {
                isOfKey = RedisKeys.IsMarkOf(key, value);
            }
            else if (field.SequenceEqual(RedisKeys.SuccessorField))
            {
                successor = SessionSuccessor.TryParse(value, out var read) ? read : null;
            }
            else if (field.StartsWith(RedisKeys.AttributePrefix)
                && value.Length >= RedisKeys.AttributeFixedLength
                && SessionVersion.TryRead(value, out var version))
            {
                builder.Add(field[1..], version, value[SessionVersion.EncodedLength], value[RedisKeys.AttributeFixedLength..]);
            }
        }

        if (!isOfKey)
        {
            return StoreRead.Unavailable(StoreFailure.Damaged); // Another's, or another's end.
        }

        if (isDestroyed)
        {
            return StoreRead.DestroyedBy(successor, LifeOf(reader.ReadInt64()));
        }

        // A record without a header that this release can read is damaged: not to be served, and not to be taken for "no session".
        return isReadable
            ? StoreRead.Found(builder.Build(), lease, LifeOf(reader.ReadInt64()))
            : StoreRead.Unavailable(StoreFailure.Damaged);
    }

    /// <summary>What PTTL answers, in milliseconds; negative where the key is kept without end.</summary>
    private static TimeSpan? LifeOf(long milliseconds) => milliseconds < 0 ? null : TimeSpan.FromMilliseconds(milliseconds);

    private static bool TryReadHeader(ReadOnlySpan<byte> header, SessionRecordBuilder builder, out bool isDestroyed)
    {
        isDestroyed = false;
        if (header.Length < RedisKeys.FormerHeaderFixedLength
            || BinaryPrimitives.ReadInt64BigEndian(header[2..]) is not (>= 0 and <= 253402300799999 and var created))
        {
            return false;
        }

        isDestroyed = (header[1] & 1) != 0;
        builder.SetHeader(header[1], DateTimeOffset.FromUnixTimeMilliseconds(created));
        return header[0] switch
        {
            RedisKeys.Format => TryReadCommits(header, builder),
            RedisKeys.FormerFormat => TryReadLineage(header, builder),
            _ => false,
        };
    }

    private static bool TryReadCommits(ReadOnlySpan<byte> header, SessionRecordBuilder builder)
    {
        if (header.Length < RedisKeys.HeaderFixedLength
            || !SessionVersion.TryRead(header[RedisKeys.VersionOffset..], out var version)
            || !SessionVersion.TryRead(header[RedisKeys.PreviousOffset..], out var previous)
            || (BinaryPrimitives.ReadInt64BigEndian(header[(RedisKeys.ForgottenOffset - 1)..]) & (long.MaxValue >> 7))
                is not (<= SessionVersion.MaxStamp and var forgotten))
        {
            return false;
        }

        builder.SetVersion(version, previous);
        builder.SetForgotten((header[RedisKeys.MarksOffset] & 1) != 0, forgotten);
        return builder.TryAddIntervals(header[RedisKeys.HeaderFixedLength..]);
    }

    /// <summary>An earlier release named up to 16 commits, newest first: those alone are certain.</summary>
    private static bool TryReadLineage(ReadOnlySpan<byte> header, SessionRecordBuilder builder)
    {
        if (header.Length != RedisKeys.FormerHeaderFixedLength + (header[10] * SessionVersion.EncodedLength))
        {
            return false;
        }

        var newest = SessionVersion.None;
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
