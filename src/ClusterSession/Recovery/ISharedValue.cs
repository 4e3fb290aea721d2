namespace ClusterSession.Recovery;

/// <summary>A small value that the nodes share through the store, and give back to one that has lost it.</summary>
internal interface ISharedValue
{
    /// <summary>Its name in the store.</summary>
    string Name { get; }

    /// <summary>
    /// Another node may have changed it, or a connection is new. Called on the store's receiving loop:
    /// quick, and never blocking.
    /// </summary>
    void OnChanged();

    /// <summary>The store may lack it, or a part of it: it is given back what this node knows.</summary>
    Task RestoreAsync();
}
