using System.Buffers.Binary;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;
using ClusterSession.Stores;

namespace ClusterSession.Redis.Scripts;

/// <summary>document-read.lua.</summary>
internal sealed class ReadDocumentRequest(RedisKeys keys, byte[] key, DocumentPosition known, CopyLeases leases)
    : ScriptRequest<StoreDocument>(RedisScript.ReadDocument, keys)
{
    /// <summary>A thousand take the server less than a millisecond.</summary>
    private const int MaxElements = 1000;

    private const int Fixed = 5;

    /// <summary>The script keeps what lives longer for ever (document-merge.lua).</summary>
    private const long Endless = 900_000_000_000_000;

    public override bool IsRead => true;

    public override int RouteLength => key.Length;

    protected override int ArgumentCount => 3;

    public override void WriteRoute(Span<byte> destination) => key.CopyTo(destination);

    public override StoreDocument Unavailable(StoreFailure failure) => StoreDocument.Unavailable(failure);

    public override StoreDocument Damaged(string what) => StoreDocument.Damaged(what);

    protected override void WriteKey(ref RespWriter writer) => writer.WriteBulk(key);

    protected override void WriteArguments(ref RespWriter writer)
    {
        BinaryPrimitives.WriteInt64BigEndian(writer.WriteBulkSpace(sizeof(long)), known.Incarnation);
        writer.WriteBulk(known.Sequence);
        writer.WriteBulk(MaxElements);
    }

    protected override StoreDocument Parse(ref RespReader reader)
    {
        var lease = leases.For(Connection!);
        if (!reader.IsAggregate || reader.Count is > 0 and < Fixed)
        {
            throw new RespProtocolException("The script that reads a document answered with something else.");
        }

        if (reader.Count == 0)
        {
            return new StoreDocument(DocumentPosition.None, Lease: lease) { IsComplete = true };
        }

        var left = reader.Count - Fixed;
        var incarnation = BinaryPrimitives.ReadInt64BigEndian(reader.ReadBytes());
        var since = reader.ReadInt64();
        var reached = reader.ReadInt64();
        var last = reader.ReadInt64();
        var now = reader.ReadInt64();
        var elements = new List<DocumentElement>(left);
        var isCut = false;
        for (; left > 0; left--)
        {
            var member = reader.ReadBytes();
            if (member.IsEmpty || member[0] != 'e')
            {
                continue;
            }

            if (!TryReadElement(member, now, out var element))
            {
                isCut = true; // What it said would be taken for never said.
            }
            else if (element.Life > TimeSpan.Zero)
            {
                elements.Add(element);
            }
        }

        if (isCut)
        {
            return StoreDocument.Damaged("one of its elements is cut off");
        }

        return new StoreDocument(new DocumentPosition(incarnation, reached), Lease: lease)
        {
            IsFromBeginning = since == 0,
            IsComplete = reached == last,
            Elements = elements,
        };
    }

    private static bool TryReadElement(ReadOnlySpan<byte> member, long now, out DocumentElement element)
    {
        element = default;
        const int Head = 2;
        const int Numbers = 2 * sizeof(long);
        if (member.Length < Head || member.Length < Head + member[1] + Numbers)
        {
            return false;
        }

        var id = member.Slice(Head, member[1]);
        var rest = member[(Head + id.Length)..];
        var left = BinaryPrimitives.ReadInt64BigEndian(rest[sizeof(long)..]) - now;
        element = new DocumentElement(
            id.ToArray(),
            BinaryPrimitives.ReadInt64BigEndian(rest),
            rest[Numbers..].ToArray(),
            left > Endless ? TimeSpan.MaxValue : TimeSpan.FromMilliseconds(left)
        );
        return true;
    }
}
