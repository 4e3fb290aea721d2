namespace ClusterSession.Redis.Merging;

/// <summary>What a merge is doing. Each is reported when it begins.</summary>
internal enum MergePhase
{
    /// <summary>
    /// Documents are merged: revocations, ends, key rings. What the source has was counted, keys
    /// that are not this application's included; nothing is written yet.
    /// </summary>
    Documents,

    /// <summary>Sessions are compared and merged. Reported again after each batch.</summary>
    Sessions,

    /// <summary>Replicas of the target are waited for from now on.</summary>
    Replicas,

    /// <summary>All is done.</summary>
    Done,
}
