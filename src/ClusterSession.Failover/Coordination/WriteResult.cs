namespace ClusterSession.Failover.Coordination;

/// <summary>Outcome of <see cref="IFailoverCoordinator.WriteAsync"/>.</summary>
public abstract record WriteResult
{
    private WriteResult() { }

    /// <summary>The document is written.</summary>
    /// <param name="Version">Number of this change.</param>
    public sealed record Written(long Version) : WriteResult;

    /// <summary>
    /// The document is not the one that the caller has seen. Nothing was changed.
    /// </summary>
    /// <param name="State">What the coordination store knew.</param>
    public sealed record Conflict(CoordinationState State) : WriteResult;

    /// <summary>
    /// The lease under which it was to be written is not held any more. Nothing was changed.
    /// </summary>
    public sealed record Lost : WriteResult;

    /// <summary>The outcome is unknown. Repeat it under the same id, or read.</summary>
    public sealed record Unknown : WriteResult;
}
