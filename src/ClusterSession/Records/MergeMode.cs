namespace ClusterSession.Records;

/// <summary>How a store takes a whole copy.</summary>
public enum MergeMode
{
    /// <summary>
    /// A session that was never stored. If its key has a record that does not contain this version,
    /// the answer is
    /// <see cref="WriteOutcome.Collision"/>.
    /// </summary>
    Create,

    /// <summary>
    /// A full copy: stored as it is where the record is missing and life is left, else merged
    /// attribute by attribute.
    /// </summary>
    Restore,

    /// <summary>
    /// Merged where the record exists and contains what it must, else
    /// <see cref="WriteOutcome.Missing"/>.
    /// </summary>
    Amend,
}
