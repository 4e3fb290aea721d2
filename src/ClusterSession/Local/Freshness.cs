namespace ClusterSession.Local;

/// <summary>How far a node can rely on what it knows of a session.</summary>
internal enum Freshness
{
    /// <summary>The local copy is what the store has, and its lease runs.</summary>
    Fresh,

    /// <summary>
    /// Another node has changed, destroyed or rotated the session since the local copy was made.
    /// </summary>
    Changed,

    /// <summary>This node has no complete copy, or none whose lease still holds.</summary>
    Unknown,

    /// <summary>The session was destroyed or rotated, by this node or another one.</summary>
    Ended,
}
