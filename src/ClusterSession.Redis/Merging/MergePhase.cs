namespace ClusterSession.Redis.Merging;

/// <summary>How far a merge has come.</summary>
internal enum MergePhase
{
    /// <summary>
    /// What the source has was counted, keys that are not this application's included; nothing is
    /// written yet.
    /// </summary>
    Counted,

    /// <summary>Documents are merged: revocations, ends, key rings.</summary>
    Documents,

    /// <summary>Sessions are compared and merged.</summary>
    Sessions,

    /// <summary>Replicas of the target are waited for.</summary>
    Replicas,

    /// <summary>All is done.</summary>
    Done,
}
