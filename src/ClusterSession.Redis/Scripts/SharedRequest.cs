using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;
using ClusterSession.Stores;

namespace ClusterSession.Redis.Scripts;

/// <summary>exchange.lua.</summary>
internal sealed class SharedRequest(RedisKeys keys, byte[] key, ReadOnlyMemory<byte>? expected, ReadOnlyMemory<byte> value, LeaseSource leases)
    : ScriptRequest<StoreShared>(RedisScript.Exchange, keys)
{
    public override int RouteLength => key.Length;

    public override void WriteRoute(Span<byte> destination) => key.CopyTo(destination);

    public override StoreShared Unavailable(StoreFailure failure) => new(null, failure);

    protected override int ArgumentCount => expected is null ? 1 : 2;

    protected override void WriteKey(ref RespWriter writer) => writer.WriteBulk(key);

    protected override void WriteArguments(ref RespWriter writer)
    {
        writer.WriteBulk(value.Span);
        if (expected is { } bytes)
        {
            writer.WriteBulk(bytes.Span);
        }
    }

    protected override StoreShared Parse(ref RespReader reader) =>
        new(reader.IsNull ? null : reader.Bytes.ToArray(), StoreFailure.None, leases.For(Connection!));
}
