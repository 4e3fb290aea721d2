namespace ClusterSession.Redis.Merging;

/// <summary>Why a merge was refused or interrupted.</summary>
internal enum MergeFailure
{
    /// <summary>
    /// The settings name no server that can be merged: none or several, Sentinels, a cluster.
    /// </summary>
    Unsupported,

    /// <summary>The source cannot be reached, or not any more.</summary>
    SourceUnreachable,

    /// <summary>The target cannot be reached, or not any more.</summary>
    TargetUnreachable,

    /// <summary>Both are one process.</summary>
    SameServer,

    /// <summary>At the target's endpoint is another process than the lease names.</summary>
    AnotherProcess,

    /// <summary>
    /// The target does not hold the lease, or not any more, or under another epoch.
    /// </summary>
    Fenced,

    /// <summary>The target is a replica.</summary>
    NotMaster,

    /// <summary>The source refuses what has to be asked of it.</summary>
    SourceRefuses,

    /// <summary>The target refuses writes: memory, replicas, disk, rights.</summary>
    TargetRefuses,
}
