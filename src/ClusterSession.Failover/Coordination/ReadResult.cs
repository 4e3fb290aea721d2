namespace ClusterSession.Failover.Coordination;

/// <summary>Outcome of <see cref="IFailoverCoordinator.ReadAsync"/>.</summary>
public abstract record ReadResult
{
    private ReadResult() { }

    /// <summary>The state, not older than the question.</summary>
    /// <param name="State">What the coordination store knew.</param>
    public sealed record Read(CoordinationState State) : ReadResult;

    /// <summary>
    /// The coordinator is not responding, or no majority of its servers is reachable.
    /// </summary>
    public sealed record Unreachable : ReadResult;
}
