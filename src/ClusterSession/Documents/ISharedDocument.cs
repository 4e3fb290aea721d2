namespace ClusterSession.Documents;

/// <summary>
/// A document that the nodes share through the store, and restore in one that has lost it.
/// </summary>
internal interface ISharedDocument
{
    /// <summary>Its name in the store.</summary>
    string Name { get; }

    /// <summary>
    /// Another node may have changed it, or a connection is new. Called on the store's receiving
    /// loop: quick, and never blocking.
    /// </summary>
    void OnChanged();

    /// <summary>
    /// The store may lack it, or a part of it: what this node knows is merged into it.
    /// </summary>
    Task RestoreAsync();

    /// <summary>The same, where it is known how much may be missing.</summary>
    /// <param name="safeUntil">What the store acknowledged before this timestamp is there.</param>
    Task RestoreAsync(long safeUntil) => RestoreAsync();
}
