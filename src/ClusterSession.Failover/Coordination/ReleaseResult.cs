namespace ClusterSession.Failover.Coordination;

/// <summary>Outcome of <see cref="IFailoverCoordinator.ReleaseAsync"/>.</summary>
public abstract record ReleaseResult
{
    private ReleaseResult() { }

    /// <summary>The lease is free, and the document, where one was given, is written.</summary>
    public sealed record Released : ReleaseResult;

    /// <summary>The lease was not the caller's any more. Nothing was changed.</summary>
    public sealed record Lost : ReleaseResult;

    /// <summary>The document was changed since the caller saw it. The lease stays.</summary>
    /// <param name="State">The state.</param>
    public sealed record Conflict(CoordinationState State) : ReleaseResult;

    /// <summary>The outcome is unknown. Repeat it under the same id, or read.</summary>
    public sealed record Unknown : ReleaseResult;
}
