namespace ClusterSession.Stores;

/// <summary>
/// What a node knows of the servers of its store, for health pages and tools. A store with servers
/// returns this from <see cref="IClusterSessionStore.Inspection"/>.
/// </summary>
public interface IStoreInspection
{
    /// <summary>
    /// The servers as this node sees them now. Asks nobody and waits for nobody: it tells what the
    /// node's own connections have shown. Thread-safe.
    /// </summary>
    IReadOnlyList<StoreServer> Snapshot();
}
