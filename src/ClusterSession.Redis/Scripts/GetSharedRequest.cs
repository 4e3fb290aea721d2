using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;
using ClusterSession.Stores;

namespace ClusterSession.Redis.Scripts;

/// <summary>GET of a small shared value.</summary>
internal sealed class GetSharedRequest(byte[] key, LeaseSource leases) : StoreRequest<StoreShared>
{
    public override bool IsRead => true;

    public override int RouteLength => key.Length;

    public override void WriteRoute(Span<byte> destination) => key.CopyTo(destination);

    public override StoreShared Unavailable(StoreFailure failure) => new(null, failure);

    public override void WriteTo(ref RespWriter writer)
    {
        writer.WriteCommand("GET"u8, 1);
        writer.WriteBulk(key);
    }

    protected override StoreShared Parse(ref RespReader reader) =>
        new(reader.IsNull ? null : reader.Bytes.ToArray(), StoreFailure.None, leases.For(Connection!));
}
