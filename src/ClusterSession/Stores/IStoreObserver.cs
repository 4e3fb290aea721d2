using ClusterSession.Records;

namespace ClusterSession.Stores;

/// <summary>
/// Receives from a store what happens to sessions elsewhere. Called on the store's receiving loop:
/// quick, and never blocking.
/// </summary>
public interface IStoreObserver
{
    /// <summary>
    /// Somebody else changed, touched or ended this session; the copy here may be old.
    /// </summary>
    /// <param name="key">Which session.</param>
    void OnChanged(SessionKey key);

    /// <summary>
    /// Somebody else changed a document that was read or merged here; what is known of it may be
    /// old.
    /// </summary>
    /// <param name="name">Its name.</param>
    void OnDocumentChanged(string name) { }

    /// <summary>
    /// A partition of the store can be reached, for the first time or again, or has just been
    /// emptied.
    /// </summary>
    /// <param name="partition">Which one: its number (<see cref="StorePartition"/>).</param>
    /// <param name="continuity">What it has of what was acknowledged before.</param>
    void OnConnected(int partition, StoreContinuity continuity) { }

    /// <summary>
    /// Keys of one partition are in another from now on, with what is stored of them: what the one
    /// may have lost, these keys may lack in the other. Called before
    /// <see cref="IClusterSessionStore.PartitionOf"/> answers so; must not wait.
    /// </summary>
    /// <param name="from">Where they were.</param>
    /// <param name="to">Where they are.</param>
    void OnMoved(int from, int to) { }
}
