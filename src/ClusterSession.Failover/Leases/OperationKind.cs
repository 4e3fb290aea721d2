namespace ClusterSession.Failover.Leases;

/// <summary>The numbers are part of the wire format.</summary>
internal enum OperationKind : byte
{
    /// <summary>Lease and document, linearizable. Never in the log.</summary>
    Read = 1,

    /// <summary>Takes the lease and writes the document.</summary>
    Acquire = 2,

    /// <summary>Moves the deadline. Never in the log.</summary>
    Renew = 3,

    /// <summary>Releases the lease.</summary>
    Release = 4,

    /// <summary>Writes the document.</summary>
    Write = 5,
}
