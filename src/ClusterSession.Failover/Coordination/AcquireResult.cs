namespace ClusterSession.Failover.Coordination;

/// <summary>Outcome of <see cref="IFailoverCoordinator.AcquireAsync"/>.</summary>
public abstract record AcquireResult
{
    private AcquireResult() { }

    /// <summary>The lease is the caller's, and the document is written.</summary>
    /// <param name="Epoch">Number of this grant: no other has it.</param>
    /// <param name="Version">Number of the document's change.</param>
    /// <param name="CountedFrom">
    /// Timestamp of <see cref="IFailoverCoordinator.Clock"/> from which the holder counts the
    /// lease.
    /// </param>
    public sealed record Granted(long Epoch, long Version, long CountedFrom) : AcquireResult;

    /// <summary>The lease is held, by this caller or another. Nothing was changed.</summary>
    /// <param name="State">What the coordination store knew.</param>
    public sealed record Held(CoordinationState State) : AcquireResult;

    /// <summary>
    /// Epoch or document are not those that the caller has seen. Nothing was changed.
    /// </summary>
    /// <param name="State">What the coordination store knew.</param>
    public sealed record Conflict(CoordinationState State) : AcquireResult;

    /// <summary>The outcome is unknown. Repeat it under the same id, or read.</summary>
    public sealed record Unknown : AcquireResult;
}
