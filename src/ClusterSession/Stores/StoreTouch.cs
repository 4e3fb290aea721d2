namespace ClusterSession.Stores;

/// <summary>What became of a touch.</summary>
public enum StoreTouch
{
    /// <summary>The session lives on, as long as the touch says.</summary>
    Touched,

    /// <summary>The session lives on, and was left alone because enough of its life is left.</summary>
    Kept,

    /// <summary>There is neither a record nor a tombstone.</summary>
    Missing,

    /// <summary>The session was ended.</summary>
    Destroyed,

    /// <summary>The store gave no answer.</summary>
    Unavailable,
}
