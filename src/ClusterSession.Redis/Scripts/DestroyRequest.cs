using ClusterSession.Redis.Protocol;
using ClusterSession.Sessions;

namespace ClusterSession.Redis.Scripts;

/// <summary>destroy.lua.</summary>
internal sealed class DestroyRequest(RedisKeys keys, SessionKey key, SessionVersion version, TimeSpan life, LeaseSource leases)
    : SessionScriptRequest(RedisScript.Destroy, keys, key, leases)
{
    protected override int ArgumentCount => 2;

    protected override void WriteArguments(ref RespWriter writer)
    {
        WriteVersion(ref writer, version);
        WriteLife(ref writer, life);
    }
}
