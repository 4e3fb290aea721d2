using System.Text;
using ClusterSession.Redis.Protocol;
using ClusterSession.Sessions;
using ClusterSession.Stores;

namespace ClusterSession.Redis.Scripts;

/// <summary>commit.lua with what one request changed.</summary>
internal sealed class CommitRequest(RedisKeys keys, SessionKey key, SessionChange change, LeaseSource leases)
    : SessionScriptRequest(RedisScript.Commit, keys, key, leases)
{
    protected override int ArgumentCount => 5 + (2 * change.Delta.Count) + change.Forgotten.Count;

    protected override void WriteArguments(ref RespWriter writer)
    {
        var version = writer.WriteBulkSpace(SessionVersion.EncodedLength + (change.OnlyOnBase ? 1 : 0));
        change.Version.WriteTo(version);
        if (change.OnlyOnBase)
        {
            version[^1] = (byte)'=';
        }

        WriteLife(ref writer, change.Life);
        WriteLife(ref writer, change.LeastLife);
        WriteVersion(ref writer, change.Base);
        writer.WriteBulk(change.Delta.Count);
        foreach (var (name, value) in change.Delta.Changes)
        {
            WriteField(ref writer, name);
            var space = writer.WriteBulkSpace(RedisKeys.AttributeFixedLength + (value?.Length ?? 0));
            change.Version.WriteTo(space);
            space[SessionVersion.EncodedLength] = value is null ? SessionAttribute.RemovedFlag : (byte)0;
            value.CopyTo(space[RedisKeys.AttributeFixedLength..]);
        }

        foreach (var name in change.Forgotten)
        {
            WriteField(ref writer, name);
        }
    }

    private static void WriteField(ref RespWriter writer, string name)
    {
        var space = writer.WriteBulkSpace(1 + Encoding.UTF8.GetByteCount(name));
        RedisKeys.AttributePrefix.CopyTo(space);
        Encoding.UTF8.GetBytes(name, space[1..]);
    }
}
