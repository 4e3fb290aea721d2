namespace ClusterSession.ZooKeeper;

/// <summary>One of several changes that are done together, or none of them.</summary>
public abstract record NodeChange
{
    private NodeChange() { }

    /// <summary>Makes a node.</summary>
    /// <param name="Path">Its path.</param>
    /// <param name="Data">Its data.</param>
    /// <param name="Mode">How long it stays.</param>
    public sealed record Create(string Path, ReadOnlyMemory<byte> Data, CreateMode Mode = CreateMode.Persistent)
        : NodeChange;

    /// <summary>Deletes a node.</summary>
    /// <param name="Path">Its path.</param>
    /// <param name="Version">The version that it must have; -1: any.</param>
    public sealed record Delete(string Path, int Version = -1) : NodeChange;

    /// <summary>Changes the data of a node.</summary>
    /// <param name="Path">Its path.</param>
    /// <param name="Data">Its data.</param>
    /// <param name="Version">The version that it must have; -1: any.</param>
    public sealed record Set(string Path, ReadOnlyMemory<byte> Data, int Version = -1) : NodeChange;

    /// <summary>Changes nothing: the node must be there.</summary>
    /// <param name="Path">Its path.</param>
    /// <param name="Version">The version that it must have; -1: any.</param>
    public sealed record Check(string Path, int Version = -1) : NodeChange;
}
