using System.Buffers.Binary;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;
using ClusterSession.Stores;

namespace ClusterSession.Redis.Scripts;

/// <summary>document-merge.lua. Merging again changes nothing.</summary>
internal sealed class MergeDocumentRequest(
    RedisKeys keys,
    byte[] key,
    byte[] places,
    IReadOnlyList<DocumentElement> elements,
    TimeSpan life,
    long incarnation,
    CopyLeases leases
) : ScriptRequest<StoreDocument>(RedisScript.MergeDocument, keys)
{
    private const int Numbers = 2 * sizeof(long);

    public override bool MayBeRepeated => true;

    public override int RouteLength => key.Length;

    protected override int KeyCount => 2;

    protected override int ArgumentCount => 2 + (2 * elements.Count);

    public override void WriteRoute(Span<byte> destination) => key.CopyTo(destination);

    public override StoreDocument Unavailable(StoreFailure failure) => StoreDocument.Unavailable(failure);

    public override StoreDocument Damaged(string what) => StoreDocument.Damaged(what);

    protected override void WriteKey(ref RespWriter writer)
    {
        writer.WriteBulk(key);
        writer.WriteBulk(places);
    }

    protected override void WriteArguments(ref RespWriter writer)
    {
        writer.WriteBulk(Milliseconds(life));
        BinaryPrimitives.WriteInt64BigEndian(writer.WriteBulkSpace(sizeof(long)), incarnation);
        foreach (var element in elements)
        {
            writer.WriteBulk(element.Id.Span);
            var space = writer.WriteBulkSpace(Numbers + element.Payload.Length);
            BinaryPrimitives.WriteInt64BigEndian(space, element.Rank);
            BinaryPrimitives.WriteInt64BigEndian(space[sizeof(long)..], Milliseconds(element.Life));
            element.Payload.Span.CopyTo(space[Numbers..]);
        }
    }

    protected override StoreDocument Parse(ref RespReader reader)
    {
        if (!reader.IsAggregate || reader.Count != 4)
        {
            throw new RespProtocolException("The script that merges a document answered with something else.");
        }

        var made = BinaryPrimitives.ReadInt64BigEndian(reader.ReadBytes());
        var before = reader.ReadInt64();
        var after = reader.ReadInt64();
        HasWritten = reader.ReadInt64() != 0;
        return new StoreDocument(new DocumentPosition(made, after), Lease: leases.For(Connection!)) { Before = before };
    }

    private static long Milliseconds(TimeSpan time) => Math.Max(1, (long)Math.Ceiling(time.TotalMilliseconds));
}
