
namespace ClusterSession.ChaosNode.Broken;

/// <summary>What a node does without, so that the checker can show that it would notice. Given as <c>--broken Replay,Changes</c>.</summary>
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

    /// <summary>The node gives up after a second to refuse a master that was deposed, and takes it for the master again.</summary>
    Fencing = 16,
}
