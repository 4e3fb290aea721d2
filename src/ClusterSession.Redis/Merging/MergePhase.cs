namespace ClusterSession.Redis.Merging;

/// <summary>How far a merge has come.</summary>
internal enum MergePhase
{
    /// <summary>
    /// What the source has was counted, keys that are not this application's included; nothing is
    /// written yet.
    /// </summary>
    Counted,

    /// <summary>Documents were merged: revocations, ends, key rings.</summary>
    Documents,

    /// <summary>Another batch of sessions was compared and merged.</summary>
    Sessions,

    /// <summary>Replicas of the target are waited for from now on.</summary>
    Replicas,

    /// <summary>All is done.</summary>
    Done,
}
