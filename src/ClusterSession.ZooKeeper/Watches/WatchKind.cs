namespace ClusterSession.ZooKeeper.Watches;

/// <summary>What is waited for.</summary>
internal enum WatchKind
{
    /// <summary>Changes of a node that is there.</summary>
    Data,

    /// <summary>That a node which is not there is made.</summary>
    Exist,

    /// <summary>Changes of the children.</summary>
    Children,
}
