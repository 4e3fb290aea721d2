using System.Text;
using ClusterSession.Records;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;

namespace ClusterSession.Redis.Scripts;

/// <summary>commit.lua with what one request changed.</summary>
internal sealed class CommitRequest(RedisKeys keys, SessionKey key, SessionChange change, LeaseSource leases)
    : SessionScriptRequest(RedisScript.Commit, keys, key, leases)
{
    protected override int ArgumentCount => 6 + (2 * (change.Delta.Count + change.Forgotten.Count));

    protected override void WriteArguments(ref RespWriter writer)
    {
        WriteVersion(ref writer, change.Version);
        WriteBefore(ref writer);
        WriteLife(ref writer, change.Life);
        if (IsDue)
        {
            writer.WriteBulk(""u8);
        }
        else
        {
            WriteLife(ref writer, change.LeastLife);
        }

        WriteVersion(ref writer, change.Base);
        writer.WriteBulk(Options);
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

    /// <summary>The version before, and any intervals in which nothing was committed.</summary>
    private void WriteBefore(ref RespWriter writer)
    {
        var space = writer.WriteBulkSpace(SessionVersion.EncodedLength + change.Void.Length);
        Before(change.Version, change.After).WriteTo(space);
        change.Void.Span.CopyTo(space[SessionVersion.EncodedLength..]);
    }

    private ReadOnlySpan<byte> Options => (change.MustBeBase, change.Forgotten.Count > 0) switch
    {
        (false, false) => change.Version.Stamp > change.Base.Stamp ? ""u8 : "s"u8,
        (true, false) => "="u8,
        (false, true) => "f"u8,
        (true, true) => "=f"u8,
    };

    /// <summary>A tombstone names the version that it removes, if that is known.</summary>
    private void WriteRemoval(ref RespWriter writer, string name)
    {
        var isKnown = SessionDelta.TryFindRemoved(change.Opened, name, out var removed);
        var space = writer.WriteBulkSpace(RedisKeys.AttributeFixedLength + (isKnown ? SessionVersion.EncodedLength : 0));
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
