namespace ClusterSession.Redis.Merging;

/// <summary>What is done about one session of the source.</summary>
internal enum MergeAction
{
    /// <summary>Nothing: the target has all of it.</summary>
    Same,

    /// <summary>
    /// The target has the session and may lack something of it: it is read and merged.
    /// </summary>
    Merge,

    /// <summary>The target has no such session: it is read and stored.</summary>
    Create,

    /// <summary>The session has ended at the source: it ends at the target.</summary>
    End,

    /// <summary>The target has all of it, and is to keep it longer.</summary>
    Prolong,

    /// <summary>Nothing: it has ended at the target.</summary>
    SkipEnded,

    /// <summary>Nothing: it has expired, or may have.</summary>
    SkipExpired,

    /// <summary>
    /// Nothing: what one of the two has is damaged, the target does not take it, or it kept
    /// changing there.
    /// </summary>
    LeftOut,
}
