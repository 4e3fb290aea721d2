namespace ClusterSession.ChaosNode.Broken;

/// <summary>
/// What a node does without, so that the checker can show that it would notice. Given as
/// <c>--broken Replay,Changes</c>.
/// </summary>
[Flags]
public enum BrokenPart
{
    Nothing = 0,

    /// <summary>The node never hears that its store was replaced by one that knows less.</summary>
    Replay = 1,

    /// <summary>The node believes every copy it has, whatever commit the client has seen.</summary>
    Token = 2,

    /// <summary>The node never hears that another one has changed a session.</summary>
    Changes = 4,

    /// <summary>A session that ends is forgotten at once instead of leaving a tombstone.</summary>
    Tombstones = 8,

    /// <summary>
    /// The node gives up after a second to refuse a master that was deposed, and takes it for the
    /// master again.
    /// </summary>
    HistoryCheck = 16,

    /// <summary>
    /// The node hears of documents, but never that another one has changed a session, or that the
    /// server has evicted it.
    /// </summary>
    Pushes = 32,

    /// <summary>
    /// The node does not learn which sessions the others have ended, and they do not learn it from
    /// it.
    /// </summary>
    Ends = 64,

    /// <summary>
    /// The node neither asks the others for a session that the store has lost, nor answers them.
    /// </summary>
    Asking = 128,

    /// <summary>
    /// What the node restores into the store lives as long there as what was used just now.
    /// </summary>
    Life = 256,

    /// <summary>The node takes a document that the store has lost for an empty one.</summary>
    Documents = 512,

    /// <summary>
    /// The node tracks with NOLOOP and believes the server that says OK: it hears what others do to
    /// a session, but not that a command of its own has made the server evict it.
    /// </summary>
    OwnPushes = 1024,
}
