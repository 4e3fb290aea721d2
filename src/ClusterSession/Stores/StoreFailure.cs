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
}
