namespace ClusterSession.Stores;

/// <summary>
/// Why the store gave no regular answer, and whether the operation has happened; with
/// <see cref="Unknown"/> and <see cref="Undecided"/> it may have. Three kinds: the store does not
/// respond (<see cref="Unreachable"/>, <see cref="Unknown"/>), it refuses for now
/// (<see cref="Refused"/>, <see cref="Undecided"/>), or it refuses this record
/// (<see cref="Damaged"/>, <see cref="TooLarge"/>).
/// </summary>
/// <remarks>
/// <code>
///               has it happened?      when to repeat it       other sessions
/// Unreachable   certainly not         once it responds        most likely the same
/// Unknown       perhaps               harmless, at any time   most likely the same
/// Refused       certainly not         later                   those of the partition the same
/// Undecided     perhaps               harmless, at any time   reads most likely succeed
/// Damaged       certainly not         never, until it ends    not concerned
/// TooLarge      certainly not         never                   not concerned
/// </code>
/// </remarks>
public enum StoreFailure
{
    /// <summary>It answered.</summary>
    None,

    /// <summary>
    /// It could not be reached, so that nothing was sent: the operation has certainly not happened.
    /// </summary>
    Unreachable,

    /// <summary>
    /// The operation was sent and no reply came, or one that does not say: it may have happened,
    /// also later. Repeating it is harmless.
    /// </summary>
    Unknown,

    /// <summary>
    /// It refuses for now, all of it or the partition of the key: out of memory, read-only, too few
    /// replicas, loading, credentials. The operation has certainly not happened; reads may well
    /// succeed while writes are refused.
    /// </summary>
    Refused,

    /// <summary>
    /// It has something under this key that is not to be used: a record that was written under
    /// another key and copied or renamed, something of another kind, or one whose bytes this
    /// release cannot read. The operation has certainly not happened. Never to be taken for a
    /// session that is missing. Other sessions are not concerned.
    /// </summary>
    Damaged,

    /// <summary>
    /// The record would become larger than the store takes. The operation has certainly not
    /// happened, and what is stored is as it was. Other sessions are not concerned.
    /// </summary>
    TooLarge,

    /// <summary>
    /// It answered with an error that does not say whether the operation has happened, such as one
    /// in the midst of a script. Repeating it is harmless. The store responds: other operations,
    /// reads above all, may well succeed.
    /// </summary>
    Undecided,
}
