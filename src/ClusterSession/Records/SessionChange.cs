namespace ClusterSession.Records;

/// <summary>A commit on its way to the store: only what the request changed.</summary>
/// <param name="Base">The version of the copy the request opened.</param>
/// <param name="Version">The version of this commit.</param>
/// <param name="Delta">Attributes set and removed.</param>
/// <param name="Forgotten">
/// Names whose tombstones this commit drops. A tombstone is dropped if its version is not newer
/// than <paramref name="Base"/>, and the stored record contains <paramref name="Base"/> and the
/// version that the tombstone has removed. A value or a newer tombstone of that name stays. If
/// <paramref name="Delta"/> removes such a name, the removal leaves no tombstone, provided that the
/// stored record contains <paramref name="Base"/>, the version that this commit removes, and the
/// version that the record has under the name by now (if that is a tombstone: the version that the
/// tombstone has removed).
/// </param>
/// <param name="Life">How long the session lives from now on if nothing else happens.</param>
/// <param name="LeastLife">
/// How long it lives at least: where that much is left a store need not prolong it to <paramref
/// name="Life"/>.
/// </param>
/// <param name="Replicas">
/// On how many replicas the commit should be before it is answered; 0 does not wait.
/// </param>
/// <param name="ReplicaTimeout">How long to wait for the replicas.</param>
/// <param name="MustBeBase">
/// Whether the stored record must be the <paramref name="Base"/>: where others have followed
/// it, the answer is <see cref="WriteOutcome.Superseded"/> and nothing is changed. For a
/// commit whose state others may have seen under its version before the store has it.
/// </param>
/// <param name="PreviousStamp">
/// The last stamp that the writer of <paramref name="Version"/> issued for this session before,
/// whatever became of it: the record then contains all commits of this writer with stamps above it
/// and up to this one. Default -1: not known.
/// </param>
/// <param name="Opened">
/// What the request opened, if the caller has it: a tombstone names the version that was removed.
/// Default null.
/// </param>
/// <param name="UnusedStamps">
/// Intervals, as <see cref="SessionRecord.Intervals"/> gives them, in which the writer has
/// committed nothing: the record then contains all that there is in them. Default empty.
/// </param>
/// <param name="MaxBytes">
/// How large the record may become by this change, in bytes: names and values of attributes, and 15
/// for each. Where others have followed the base, a change that makes the record grow beyond that
/// is answered <see cref="Stores.StoreFailure.TooLarge"/>. A store need not sum up the whole record
/// before 64 KiB have been added by such changes. On the base itself the caller knows how large the
/// record becomes. Default 0: not checked.
/// </param>
/// <remarks>Immutable. A class: the code that sends it, awaits it and repeats it holds the same
/// one.</remarks>
public sealed record SessionChange(
    SessionVersion Base,
    SessionVersion Version,
    SessionDelta Delta,
    IReadOnlyList<string> Forgotten,
    TimeSpan Life,
    TimeSpan LeastLife,
    int Replicas = 0,
    TimeSpan ReplicaTimeout = default,
    bool MustBeBase = false,
    long PreviousStamp = -1,
    SessionRecord? Opened = null,
    ReadOnlyMemory<byte> UnusedStamps = default,
    long MaxBytes = 0
)
{
    /// <summary>Its version as it was issued.</summary>
    internal IssuedVersion Issued => new(Version, PreviousStamp, UnusedStamps);
}
