namespace ClusterSession.ZooKeeper;

/// <summary>Why a watch has fired.</summary>
public enum NodeEventKind
{
    /// <summary>The session is over: nothing more will be said.</summary>
    SessionEnded = 0,

    /// <summary>The node was made.</summary>
    Created = 1,

    /// <summary>The node was deleted.</summary>
    Deleted = 2,

    /// <summary>Its data was changed.</summary>
    DataChanged = 3,

    /// <summary>A child was made or deleted.</summary>
    ChildrenChanged = 4,
}
