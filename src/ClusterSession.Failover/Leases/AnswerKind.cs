namespace ClusterSession.Failover.Leases;

/// <summary>The numbers are part of the wire format.</summary>
internal enum AnswerKind : byte
{
    /// <summary>Done, or read.</summary>
    Done = 1,

    /// <summary>Acquire: the lease is running.</summary>
    Held = 2,

    /// <summary>Epoch or version are not those that were seen.</summary>
    Conflict = 3,

    /// <summary>The lease is not the caller's any more.</summary>
    Lost = 4,

    /// <summary>One cluster more than the coordination store may hold.</summary>
    Full = 5,

    /// <summary>Nothing was done: this server does not lead.</summary>
    NotLeader = 6,

    /// <summary>It may have been done.</summary>
    Unknown = 7,
}
