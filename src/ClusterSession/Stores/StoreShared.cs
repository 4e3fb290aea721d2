namespace ClusterSession.Stores;

/// <summary>A small value that all nodes share.</summary>
/// <param name="Value">Its bytes, or null if there is none.</param>
/// <param name="Failure">Why there is no answer.</param>
/// <param name="Lease">How long the value may be relied on: while it is current, the observer would have been told of a change. Null as <see cref="SessionLease.None"/>.</param>
public readonly record struct StoreShared(byte[]? Value, StoreFailure Failure, SessionLease? Lease = null)
{
    /// <summary>Whether the store answered.</summary>
    public bool IsAnswered => Failure == StoreFailure.None;
}
