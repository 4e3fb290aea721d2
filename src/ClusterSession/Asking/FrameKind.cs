namespace ClusterSession.Asking;

/// <summary>The kinds of frames between nodes; the numbers are those on the channel.</summary>
internal enum FrameKind : byte
{
    /// <summary>A node is there, or leaves.</summary>
    Hello = 1,

    /// <summary>Who has these sessions?</summary>
    Ask = 2,

    /// <summary>What a node knows of some of them.</summary>
    Answer = 3,

    /// <summary>A node has said all that it knows of an ask.</summary>
    Done = 4,
}
