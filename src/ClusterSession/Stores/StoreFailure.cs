namespace ClusterSession.Stores;

/// <summary>Why a store gave no answer.</summary>
public enum StoreFailure
{
    /// <summary>It answered.</summary>
    None,

    /// <summary>It could not be reached: the operation has certainly not happened.</summary>
    Unreachable,

    /// <summary>The operation was sent and no answer came: it may have happened. Repeating it is harmless.</summary>
    Unknown,

    /// <summary>It refused: out of memory, read-only, too few replicas, loading. The operation has certainly not happened.</summary>
    Refused,

    /// <summary>
    /// It has something under this key that is not to be used: a record that was written under another key and copied
    /// or renamed, or one whose bytes this release cannot read. The operation has certainly not happened. Never to be
    /// taken for a session that is missing.
    /// </summary>
    Damaged,
}
