using System.Buffers.Binary;
using System.Text;
using ClusterSession.Records;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;

namespace ClusterSession.Redis.Scripts;

/// <summary>commit.lua with what one request changed.</summary>
internal sealed class CommitRequest(RedisKeys keys, SessionKey key, SessionChange change, LeaseSource leases)
    : SessionScriptRequest(RedisScript.Commit, keys, key, leases)
{
    private const int OnlyOnBase = 1;
    private const int Forgets = 2;
    private const int MayBeTooOld = 4;
    private const int HasLimit = 8;
    private const int NumberLength = 7;
    private const int LivesLength = 2 * NumberLength;

    protected override int ArgumentCount => 3 + (2 * (change.Delta.Count + change.Forgotten.Count));

    protected override void WriteArguments(ref RespWriter writer)
    {
        WriteVersion(ref writer, change.Version);
        WriteVersion(ref writer, change.Base);
        WriteRest(ref writer);
        foreach (var (name, value) in change.Delta.Changes)
        {
            WriteField(ref writer, name);
            if (value is null)
            {
                WriteRemoval(ref writer, name);
                continue;
            }

            var space = writer.WriteBulkSpace(RedisKeys.AttributeFixedLength + value.Length);
            change.Version.WriteTo(space);
            space[SessionVersion.EncodedLength] = 0;
            value.CopyTo(space[RedisKeys.AttributeFixedLength..]);
        }

        foreach (var name in change.Forgotten)
        {
            WriteField(ref writer, name);
            writer.WriteBulk(""u8);
        }
    }

    /// <summary>
    /// Whether the session is to be prolonged: the first commit of each span as long as a session may go
    /// without that. By stamps, so that nobody has to remember it, and for each session at other times;
    /// where it is wrong the script sees the life that is left.
    /// </summary>
    private bool IsDue
    {
        get
        {
            var span = (long)(change.Life - change.LeastLife).TotalMicroseconds;
            if (span <= 0)
            {
                return true;
            }

            var shift = (long)(Key.Mark % (ulong)span);
            return (change.Version.Stamp + shift) / span != (change.Base.Stamp + shift) / span;
        }
    }

    private int Options =>
        (change.MustBeBase ? OnlyOnBase : 0)
        | (change.Forgotten.Count > 0 ? Forgets : 0)
        | (change.Version.Stamp > change.Base.Stamp ? 0 : MayBeTooOld)
        | (change.MostBytes > 0 ? HasLimit : 0);

    protected override SessionVersion Base => change.Base;

    /// <summary>In one argument what is looked at in part, or seldom: each costs the server.</summary>
    private void WriteRest(ref RespWriter writer)
    {
        var before = Before(change.Version, change.After);
        var options = Options;
        var limit = change.MostBytes > 0 ? NumberLength : 0;
        var more = options == 0 && change.Void.IsEmpty ? 0 : 1 + limit + change.Void.Length;
        var named = more == 0 && before == change.Base ? 0 : SessionVersion.EncodedLength;
        var space = writer.WriteBulkSpace(LivesLength + named + more);
        WriteLife(space, change.Life);
        WriteLife(space[NumberLength..], IsDue ? TimeSpan.Zero : change.LeastLife);
        space = space[LivesLength..];
        if (named > 0)
        {
            before.WriteTo(space);
        }

        if (more > 0)
        {
            space[SessionVersion.EncodedLength] = (byte)options;
            space = space[(SessionVersion.EncodedLength + 1)..];
            if (limit > 0)
            {
                WriteNumber(space, change.MostBytes);
            }

            change.Void.Span.CopyTo(space[limit..]);
        }
    }

    private static void WriteLife(Span<byte> destination, TimeSpan life) =>
        WriteNumber(destination, Math.Max(0, (long)Math.Ceiling(life.TotalMilliseconds)));

    private static void WriteNumber(Span<byte> destination, long value)
    {
        Span<byte> number = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(number, value);
        number[^NumberLength..].CopyTo(destination);
    }

    /// <summary>A tombstone names the version that it removes, if that is known.</summary>
    private void WriteRemoval(ref RespWriter writer, string name)
    {
        var isKnown = SessionDelta.TryFindRemoved(change.Opened, name, out var removed);
        var space = writer.WriteBulkSpace(
            RedisKeys.AttributeFixedLength + (isKnown ? SessionVersion.EncodedLength : 0)
        );
        change.Version.WriteTo(space);
        space[SessionVersion.EncodedLength] = SessionAttribute.RemovedFlag;
        if (isKnown)
        {
            removed.WriteTo(space[RedisKeys.AttributeFixedLength..]);
        }
    }

    private static void WriteField(ref RespWriter writer, string name)
    {
        var space = writer.WriteBulkSpace(1 + Encoding.UTF8.GetByteCount(name));
        RedisKeys.AttributePrefix.CopyTo(space);
        Encoding.UTF8.GetBytes(name, space[1..]);
    }
}
