namespace ClusterSession.Stores;

/// <summary>The kinds of answer to a touch.</summary>
public enum StoreTouchOutcome
{
    /// <summary>The session lives on, as long as the touch says.</summary>
    Touched,

    /// <summary>
    /// The session lives on, and was left alone because enough of its life is left.
    /// </summary>
    Kept,

    /// <summary>There is neither a record nor a tombstone.</summary>
    Missing,

    /// <summary>The session was ended.</summary>
    Destroyed,

    /// <summary>The store did not respond, or refused; its failure says what is certain.</summary>
    Unavailable,
}
