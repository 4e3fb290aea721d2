namespace ClusterSession.Stores;

/// <summary>A small value that all nodes share.</summary>
/// <param name="Value">Its bytes, or null if there is none.</param>
/// <param name="Failure">Why there is no answer.</param>
public readonly record struct StoreShared(byte[]? Value, StoreFailure Failure)
{
    /// <summary>Whether the store answered.</summary>
    public bool IsAnswered => Failure == StoreFailure.None;
}
