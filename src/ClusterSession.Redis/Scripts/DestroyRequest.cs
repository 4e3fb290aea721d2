using ClusterSession.Records;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;

namespace ClusterSession.Redis.Scripts;

/// <summary>destroy.lua.</summary>
internal sealed class DestroyRequest(RedisKeys keys, SessionKey key, SessionEnd end, TimeSpan life, CopyLeases leases)
    : SessionScriptRequest(RedisScript.Destroy, keys, key, leases)
{
    protected override int ArgumentCount => end.Successor is null ? 4 : 5;

    protected override void WriteArguments(ref RespWriter writer)
    {
        WriteVersion(ref writer, end.Version);
        WriteLife(ref writer, life);
        WriteVersion(ref writer, end.MustBe);
        WriteMark(ref writer);
        if (end.Successor is { } successor)
        {
            writer.WriteBulk(successor.ToString());
        }
    }
}
