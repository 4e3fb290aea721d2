using ClusterSession.Failover.Coordination;

namespace ClusterSession.Failover.Leases;

/// <summary>Lease and document of one cluster, without any clock. Immutable.</summary>
/// <param name="Holder">Null: the lease is free.</param>
/// <param name="Epoch">Number of the last grant.</param>
/// <param name="TtlMilliseconds">How long the last grant and each of its renewals runs.</param>
/// <param name="Version">Number of the document's last change.</param>
/// <param name="Document">The document.</param>
/// <param name="Done">The last changes, oldest first.</param>
internal sealed record ClusterRecord(
    string? Holder,
    long Epoch,
    long TtlMilliseconds,
    long Version,
    ReadOnlyMemory<byte> Document,
    IReadOnlyList<DoneOperation> Done
)
{
    /// <summary>As many changes are remembered for their repeats.</summary>
    public const int MaxDone = 64;

    public static ClusterRecord None { get; } = new(null, 0, 0, 0, default, []);

    public bool IsOf(string? holder, long epoch) => Holder is not null && Holder == holder && Epoch == epoch;

    public DoneOperation? Find(OperationId id)
    {
        foreach (var done in Done)
        {
            if (done.Id == id)
            {
                return done;
            }
        }

        return null;
    }

    public ClusterRecord WithDone(OperationId id) =>
        this with
        {
            Done = [.. Done.Skip(Math.Max(0, Done.Count - MaxDone + 1)), new DoneOperation(id, Epoch, Version)],
        };

    public CoordinationState State(bool isHeld) =>
        new(Holder, Epoch, isHeld, Version, Document)
        {
            Ttl = TimeSpan.FromMilliseconds(Math.Min(TtlMilliseconds, Operation.LongestTtlMilliseconds)),
        };
}
