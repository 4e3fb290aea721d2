using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Wire;

namespace ClusterSession.Failover.Leases;

/// <summary>
/// The entry of one cluster in a coordination store that the site has already, such as etcd.
/// Immutable.
/// </summary>
/// <param name="Holder">Who was granted the lease last, unless it was released.</param>
/// <param name="TtlMilliseconds">How long that grant and each renewal of it runs.</param>
/// <param name="Version">Number of the document's last change. Counted here: the store's own begins
/// anew when the entry is made again.</param>
/// <param name="Grant">The operation that took the lease last.</param>
/// <param name="Document">The document.</param>
/// <param name="Done">The last changes, oldest first, and the version that each left.</param>
internal sealed record StoredCluster(
    string? Holder,
    long TtlMilliseconds,
    long Version,
    OperationId Grant,
    ReadOnlyMemory<byte> Document,
    IReadOnlyList<(OperationId Id, long Version)> Done
)
{
    /// <summary>Grows when what is written changes; an older release refuses it.</summary>
    public const byte Format = 1;

    private const int MaxDone = 64;

    public static StoredCluster None { get; } = new(null, 0, 0, default, default, []);

    /// <summary>The version that the operation left; null: it was not done.</summary>
    public long? Find(OperationId id)
    {
        foreach (var done in Done)
        {
            if (done.Id == id)
            {
                return done.Version;
            }
        }

        return null;
    }

    /// <summary>After an operation.</summary>
    /// <param name="id">Of the operation.</param>
    /// <param name="document">A new document; null: it stays.</param>
    public StoredCluster After(OperationId id, ReadOnlyMemory<byte>? document)
    {
        var version = document is null ? Version : Version + 1;
        return this with
        {
            Version = version,
            Document = document ?? Document,
            Done = [.. Done.Skip(Math.Max(0, Done.Count - MaxDone + 1)), (id, version)],
        };
    }

    public ReadOnlyMemory<byte> Encode()
    {
        var writer = new WireWriter();
        writer.Byte(Format);
        writer.Text(Holder);
        writer.Int64(TtlMilliseconds);
        writer.Int64(Version);
        writer.Id(Grant.Value);
        writer.Bytes(Document.Span);
        writer.Int64(Done.Count);
        foreach (var (id, version) in Done)
        {
            writer.Id(id.Value);
            writer.Int64(version);
        }

        return writer.Written;
    }

    /// <exception cref="InvalidDataException">These bytes are of another release, or of somebody
    /// else.</exception>
    public static StoredCluster Decode(ReadOnlySpan<byte> bytes)
    {
        var reader = new WireReader(bytes);
        if (reader.Byte() is var format && format != Format)
        {
            throw new InvalidDataException(
                $"The cluster's entry in the coordination store has format {format}; this release reads {Format}. Run "
                    + "one release on all members, or give them a path in Coordinator that nobody else uses."
            );
        }

        var cluster = new StoredCluster(
            reader.Text(),
            reader.Int64(),
            reader.Int64(),
            new OperationId(reader.Id()),
            reader.Bytes(),
            []
        );
        var done = new List<(OperationId, long)>();
        for (var left = reader.Int64(); left > 0; left--)
        {
            done.Add((new OperationId(reader.Id()), reader.Int64()));
        }

        reader.End();
        return cluster with { Done = done };
    }
}
