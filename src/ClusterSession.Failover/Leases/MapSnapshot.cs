using System.Security.Cryptography;
using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Wire;

namespace ClusterSession.Failover.Leases;

/// <summary>
/// The map as bytes, closed by a checksum: a file that was cut short is recognized.
/// </summary>
internal static class MapSnapshot
{
    /// <summary>Grows when what is written changes; an older release refuses it.</summary>
    public const byte Format = 1;

    private const int ChecksumSize = 8;

    /// <summary>
    /// Takes what was so when it is called; the map may go on while the bytes are written.
    /// </summary>
    public static ReadOnlyMemory<byte> Encode(CoordinationMap map)
    {
        var writer = new WireWriter();
        writer.Byte(Format);
        writer.Int64(map.Term);
        writer.Int64(map.Clusters.Count);
        foreach (var (name, record) in map.Clusters.OrderBy(cluster => cluster.Key, StringComparer.Ordinal))
        {
            writer.Text(name);
            writer.Text(record.Holder);
            writer.Int64(record.Epoch);
            writer.Int64(record.TtlMilliseconds);
            writer.Int64(record.Version);
            writer.Bytes(record.Document.Span);
            writer.Int64(record.Done.Count);
            foreach (var done in record.Done)
            {
                writer.Id(done.Id.Value);
                writer.Int64(done.Epoch);
                writer.Int64(done.Version);
            }
        }

        var sum = Checksum(writer.Written.Span);
        return (byte[])[.. writer.Written.Span, .. sum];
    }

    /// <exception cref="InvalidDataException">The bytes are damaged, or of another
    /// format.</exception>
    public static void Decode(ReadOnlySpan<byte> bytes, CoordinationMap map)
    {
        if (bytes.Length > 0 && bytes[0] != Format)
        {
            throw new InvalidDataException(
                $"The snapshot of the coordination store has format {bytes[0]}; this release reads {Format}. "
                    + "Start the release that wrote it, or remove the server's directory: the others fill it again."
            );
        }

        if (bytes.Length <= ChecksumSize || !bytes[^ChecksumSize..].SequenceEqual(Checksum(bytes[..^ChecksumSize])))
        {
            throw new InvalidDataException(
                "The snapshot of the coordination store is damaged. Remove the server's directory, so that the others "
                    + "fill it again. Do that on one server only."
            );
        }

        var reader = new WireReader(bytes[..^ChecksumSize]);
        reader.Byte();
        var term = reader.Int64();
        var clusters = new Dictionary<string, ClusterRecord>(StringComparer.Ordinal);
        for (var left = reader.Int64(); left > 0; left--)
        {
            var name = reader.Text() ?? "";
            var record = new ClusterRecord(
                reader.Text(),
                reader.Int64(),
                reader.Int64(),
                reader.Int64(),
                reader.Bytes(),
                []
            );
            var done = new DoneOperation[reader.Int64()];
            for (var i = 0; i < done.Length; i++)
            {
                done[i] = new DoneOperation(new OperationId(reader.Id()), reader.Int64(), reader.Int64());
            }

            clusters[name] = record with { Done = done };
        }

        reader.End();
        map.Restore(term, clusters);
    }

    private static byte[] Checksum(ReadOnlySpan<byte> bytes) => SHA256.HashData(bytes)[..ChecksumSize];
}
