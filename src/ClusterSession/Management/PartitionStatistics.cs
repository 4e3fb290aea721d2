namespace ClusterSession;

/// <summary>Whether one partition of the store is responding.</summary>
/// <param name="Name">
/// The store's name, and where it has several partitions that of this one, such as
/// <c>redis 10.0.0.3:6379</c>.
/// </param>
/// <param name="IsResponding">False while requests for its sessions do not wait for it, because it
/// does not respond.</param>
public sealed record PartitionStatistics(string Name, bool IsResponding)
{
    /// <summary>
    /// Whether each use of a local copy asks the store, because it does not announce changes where
    /// it could.
    /// </summary>
    public bool IsRevalidated { get; init; }
}
