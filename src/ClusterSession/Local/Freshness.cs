namespace ClusterSession.Local;

/// <summary>How far a node can rely on what it knows of a session.</summary>
internal enum Freshness
{
    /// <summary>The local copy is what the store has, and its lease runs.</summary>
    Fresh,

    /// <summary>
    /// The local copy is stale: the store may have another version by now, also by this node's own
    /// replay.
    /// </summary>
    Changed,

    /// <summary>This node has no complete copy, or none whose lease still holds.</summary>
    Unknown,

    /// <summary>The session was destroyed or rotated, by this node or another one.</summary>
    Ended,
}
