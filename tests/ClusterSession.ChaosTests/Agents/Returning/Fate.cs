namespace ClusterSession.ChaosTests.Agents.Returning;

/// <summary>
/// What becomes of a session at a master that dies with it, and at the temporary one.
/// </summary>
internal enum Fate
{
    /// <summary>Changed at both, at the temporary one by many.</summary>
    Changed,

    /// <summary>Ended at the one that died; a stolen cookie goes on at the temporary one.</summary>
    Ended,

    /// <summary>Changed at the one that died, ended at the temporary one.</summary>
    ChangedThenEnded,

    /// <summary>
    /// Rotated at the one that died; a stolen cookie goes on at the temporary one.
    /// </summary>
    Rotated,

    /// <summary>Changed at the one that died, rotated at the temporary one.</summary>
    ChangedThenRotated,

    /// <summary>Rotated at both, by two who had the same cookie.</summary>
    RotatedTwice,

    /// <summary>Begun at the one that died.</summary>
    BegunThere,
}
