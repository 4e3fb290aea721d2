namespace ClusterSession.Stores;

/// <summary>The kinds of answer to a read.</summary>
public enum StoreReadOutcome
{
    /// <summary>The session is there.</summary>
    Found,

    /// <summary>The session still has the version the caller knows.</summary>
    Unchanged,

    /// <summary>
    /// Neither a record nor a tombstone: never stored, expired, or lost by the store.
    /// </summary>
    Missing,

    /// <summary>The session was ended.</summary>
    Destroyed,

    /// <summary>
    /// The store did not respond, or refused. Never to be taken for <see cref="Missing"/>.
    /// </summary>
    Unavailable,
}
