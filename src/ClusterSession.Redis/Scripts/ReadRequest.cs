using ClusterSession.Records;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;
using ClusterSession.Stores;

namespace ClusterSession.Redis.Scripts;

/// <summary>
/// read.lua. Plain HGETALL would cost the server 10 us instead of 15, but does not say how long the
/// session lives on: a node without a copy could not tell whether the session is idle, and a second
/// command costs more than the script does.
/// </summary>
internal sealed class ReadRequest(RedisKeys keys, SessionKey key, SessionVersion known, CopyLeases leases)
    : StoreRequest<StoreRead>,
        IScriptRequest
{
    /// <inheritdoc/>
    public bool IsSentWhole { get; set; }

    public override bool IsRead => true;

    public override int RouteLength => keys.SessionLength;

    public override void WriteRoute(Span<byte> destination) => keys.WriteSession(destination, key);

    public override StoreRead Unavailable(StoreFailure failure) => StoreRead.Unavailable(failure);

    public override void WriteTo(ref RespWriter writer)
    {
        writer.WriteCommand(IsSentWhole ? "EVAL"u8 : "EVALSHA"u8, 4);
        writer.WriteBulk(IsSentWhole ? RedisScript.Read.Body : RedisScript.Read.Sha);
        writer.WriteBulk("1"u8);
        keys.WriteSession(ref writer, key);
        known.WriteTo(writer.WriteBulkSpace(SessionVersion.EncodedLength));
    }

    public override StoreRead Damaged(string what) => StoreRead.Damaged(what);

    protected override StoreRead Parse(ref RespReader reader)
    {
        var lease = leases.For(Connection!);
        if (!reader.IsAggregate)
        {
            return known.IsNone
                ? StoreRead.Damaged(RecordReading.NoVersion) // The stored version equals the zeros that were sent.
                : StoreRead.Unchanged(lease, RecordReading.LifeOf(reader.GetInt64()));
        }

        return reader.Count == 0 ? StoreRead.Missing(lease) : RecordReading.Read(key, ref reader, lease);
    }
}
