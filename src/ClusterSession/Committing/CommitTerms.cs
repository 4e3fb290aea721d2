using ClusterSession.Lifetime;
using ClusterSession.Records;
using ClusterSession.Stores;
using Microsoft.Extensions.Options;

namespace ClusterSession.Committing;

/// <summary>
/// Puts together what the store is sent for a commit: what is committed, for how long the store is
/// to keep the session, and for how many replicas it waits. Thread-safe.
/// </summary>
internal sealed class CommitTerms(
    SessionLifetime lifetime,
    ReplicaWait replicas,
    IOptions<ClusterSessionOptions> options
)
{
    /// <summary>
    /// How often a commit is sent again under a greater version, where others were faster.
    /// </summary>
    public const int MaxRetries = 8;

    /// <summary>The changes of a request, to be committed under a version.</summary>
    public SessionChange ChangeOf(
        SessionRecord record,
        IssuedVersion version,
        SessionDelta delta,
        SessionDurability durability,
        in StoreDeadline deadline
    ) =>
        new(
            record.Version,
            version.Version,
            delta,
            Tombstones.ToForget(record, delta),
            lifetime.StoreLifeOf(record, delta, out var least),
            least,
            replicas.CountFor(durability),
            replicas.TimeoutFor(durability, deadline),
            PreviousStamp: version.PreviousStamp,
            Opened: record,
            UnusedStamps: version.UnusedStamps,
            MaxBytes: options.Value.MaxSessionBytes
        );

    /// <summary>A whole session, to be stored under a version.</summary>
    public SessionMerge MergeOf(
        SessionRecord record,
        IssuedVersion version,
        MergeMode mode,
        SessionDurability durability,
        in StoreDeadline deadline
    ) =>
        new(
            record,
            version.Version,
            mode,
            lifetime.StoreLifeOf(record),
            replicas.CountFor(durability),
            replicas.TimeoutFor(durability, deadline),
            PreviousStamp: version.PreviousStamp,
            UnusedStamps: version.UnusedStamps
        );

    /// <summary>
    /// Counts and logs a commit that fewer replicas have confirmed than its durability asks for.
    /// The commit stands.
    /// </summary>
    public void Check(SessionDurability durability, int reached) =>
        replicas.Check(replicas.CountFor(durability), reached);
}
