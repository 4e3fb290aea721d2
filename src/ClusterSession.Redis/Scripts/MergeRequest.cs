using System.Buffers.Binary;
using ClusterSession.Records;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;

namespace ClusterSession.Redis.Scripts;

/// <summary>merge.lua with a copy.</summary>
/// <param name="keys">Names of keys.</param>
/// <param name="key">Which session.</param>
/// <param name="copy">The copy.</param>
/// <param name="leases">Gives the answer its lease.</param>
/// <param name="maxBytes">How long a reply may be: no record is made that is longer. Default: any
/// length.</param>
internal sealed class MergeRequest(
    RedisKeys keys,
    SessionKey key,
    SessionMerge copy,
    CopyLeases leases,
    int maxBytes = int.MaxValue
) : SessionScriptRequest(RedisScript.Merge, keys, key, leases)
{
    /// <summary>
    /// A new session: its key is known to nobody else, and merge.lua takes the same record again as
    /// no collision. Copies of sessions that others may have committed to meanwhile are repeated by
    /// the journal, which then asks anew what they are merged into.
    /// </summary>
    public override bool MayBeRepeated => copy.Mode == MergeMode.Create;

    /// <summary>
    /// For the header, and what commits may add before the record is summed up anew.
    /// </summary>
    private const int Besides = 128 * 1024;

    protected override int ArgumentCount => 6 + (2 * copy.Record.AttributeCount);

    protected override void WriteArguments(ref RespWriter writer)
    {
        writer.WriteBulk(
            copy.Mode switch
            {
                MergeMode.Create => "c"u8,
                MergeMode.Restore when copy.LifeLeft > TimeSpan.Zero => "r"u8,
                _ when copy.IsPartial => "p"u8,
                _ => "a"u8,
            }
        );
        WriteInterval(ref writer);
        WriteLife(ref writer, copy.LifeLeft);
        WriteHeader(ref writer, copy.Record);
        WriteVersion(ref writer, copy.MustContain);
        WriteMarkAndLimit(ref writer);
        foreach (var attribute in copy.Record)
        {
            writer.WriteBulk(RedisKeys.AttributePrefix, attribute.NameUtf8);
            var space = writer.WriteBulkSpace(RedisKeys.AttributeFixedLength + attribute.Payload.Length);
            attribute.Version.WriteTo(space);
            space[SessionVersion.EncodedLength] = attribute.Flags;
            attribute.Payload.CopyTo(space[RedisKeys.AttributeFixedLength..]);
        }
    }

    private void WriteMarkAndLimit(ref RespWriter writer)
    {
        var space = writer.WriteBulkSpace(RedisKeys.MarkLength + sizeof(int));
        BinaryPrimitives.WriteUInt64BigEndian(space, Key.Mark);
        BinaryPrimitives.WriteInt32BigEndian(space[RedisKeys.MarkLength..], maxBytes - Besides);
    }

    private void WriteInterval(ref RespWriter writer)
    {
        Span<byte> lo = stackalloc byte[SessionVersion.EncodedLength];
        Before(copy.Version, copy.PreviousStamp).WriteTo(lo);
        var space = writer.WriteBulkSpace(RedisKeys.IntervalLength + copy.UnusedStamps.Length);
        lo[..RedisKeys.StampLength].CopyTo(space);
        copy.Version.WriteTo(space[RedisKeys.StampLength..]);
        copy.UnusedStamps.Span.CopyTo(space[RedisKeys.IntervalLength..]);
    }

    private static void WriteHeader(ref RespWriter writer, SessionRecord record)
    {
        var space = writer.WriteBulkSpace(RedisKeys.HeaderFixedLength + record.Intervals.Length);
        space[0] = RedisKeys.Format;
        space[1] = record.Flags;
        BinaryPrimitives.WriteInt64BigEndian(space[2..], record.Created.ToUnixTimeMilliseconds());
        record.Version.WriteTo(space[RedisKeys.VersionOffset..]);
        BinaryPrimitives.WriteInt64BigEndian(space[(RedisKeys.ForgottenOffset - 1)..], record.ForgottenUpTo);
        // In the empty first byte of the stamp.
        space[RedisKeys.MarksOffset] = record.HasDroppedTombstones ? (byte)1 : (byte)0;
        record.Previous.WriteTo(space[RedisKeys.PreviousOffset..]);
        record.Intervals.CopyTo(space[RedisKeys.HeaderFixedLength..]);
    }
}
