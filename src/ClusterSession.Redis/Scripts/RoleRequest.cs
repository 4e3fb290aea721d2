using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;

namespace ClusterSession.Redis.Scripts;

/// <summary>
/// ROLE: the master's replication offset, or -1 from a server that is no master (any more).
/// </summary>
internal sealed class RoleRequest : RedisRequest<long>
{
    public override void WriteTo(ref RespWriter writer) => writer.WriteCommand("ROLE"u8, 0);

    protected override long Parse(ref RespReader reader) =>
        reader.IsAggregate && reader.ReadBytes().SequenceEqual("master"u8) ? reader.ReadInt64() : -1;
}
