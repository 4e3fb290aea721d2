using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Wire;

namespace ClusterSession.Failover.Leases;

/// <summary>One operation, as it travels to the leader and is kept in the log.</summary>
internal sealed record Operation(OperationKind Kind, OperationId Id, string Cluster)
{
    /// <summary>Format of operations, answers and entries.</summary>
    public const byte Format = 1;

    public const int LongestCluster = 100;
    public const int LongestHolder = 200;
    public const int LargestDocument = 32 * 1024;
    public const long ShortestTtlMilliseconds = 100;
    public const long LongestTtlMilliseconds = 60 * 60 * 1000;

    public string? Holder { get; init; }

    /// <summary>
    /// Acquire: as seen. Else: the grant that the caller means; 0 with Write: none.
    /// </summary>
    public long Epoch { get; init; }

    /// <summary>Acquire and Write, and Release with a document: as seen.</summary>
    public long Version { get; init; }

    public long TtlMilliseconds { get; init; }

    /// <summary>Null: it stays.</summary>
    public ReadOnlyMemory<byte>? Document { get; init; }

    /// <summary>Whether every value is one that the coordinator of an agent would send.</summary>
    public bool IsInRange =>
        Cluster.Length is > 0 and <= LongestCluster
        && Epoch >= 0
        && Version >= 0
        && Document.GetValueOrDefault().Length <= LargestDocument
        && Kind switch
        {
            OperationKind.Acquire => HasHolder
                && Document is not null
                && TtlMilliseconds is >= ShortestTtlMilliseconds and <= LongestTtlMilliseconds,
            OperationKind.Renew or OperationKind.Release => HasHolder && TtlMilliseconds == 0,
            OperationKind.Write => HasHolderOrNone && Document is not null && TtlMilliseconds == 0,
            OperationKind.Read => HasHolderOrNone && TtlMilliseconds == 0,
            _ => false,
        };

    private bool HasHolder => Holder?.Length is > 0 and <= LongestHolder;

    private bool HasHolderOrNone => Holder is null || HasHolder;

    public ReadOnlyMemory<byte> Encode()
    {
        var writer = new WireWriter();
        writer.Byte(Format);
        writer.Byte((byte)Kind);
        writer.Id(Id.Value);
        writer.Text(Cluster);
        writer.Text(Holder);
        writer.Int64(Epoch);
        writer.Int64(Version);
        writer.Int64(TtlMilliseconds);
        writer.Byte(Document is null ? (byte)0 : (byte)1);
        writer.Bytes(Document.GetValueOrDefault().Span);
        return writer.Written;
    }

    /// <exception cref="InvalidDataException">
    /// These bytes are no operation of this release, or one with a value out of its range.
    /// </exception>
    public static Operation Decode(ReadOnlySpan<byte> bytes)
    {
        var operation = DecodeEntry(bytes);
        return operation.IsInRange
            ? operation
            : throw new InvalidDataException($"The operation of kind {operation.Kind} has a value out of its range.");
    }

    /// <summary>
    /// An entry of the log, with whatever values it has: it is committed, and every server has to
    /// pass it.
    /// </summary>
    /// <exception cref="InvalidDataException">These bytes are no operation of this
    /// release.</exception>
    public static Operation DecodeEntry(ReadOnlySpan<byte> bytes)
    {
        var reader = new WireReader(bytes);
        if (reader.Byte() is var format && format != Format)
        {
            throw new InvalidDataException(
                $"The operation has format {format}, and this release reads {Format}. Run one release on all servers."
            );
        }

        var kind = (OperationKind)reader.Byte();
        var operation = new Operation(kind, new OperationId(reader.Id()), reader.Text() ?? "")
        {
            Holder = reader.Text(),
            Epoch = reader.Int64(),
            Version = reader.Int64(),
            TtlMilliseconds = reader.Int64(),
        };
        var hasDocument = reader.Byte() != 0;
        var document = reader.Bytes();
        reader.End();
        return hasDocument ? operation with { Document = document } : operation;
    }
}
