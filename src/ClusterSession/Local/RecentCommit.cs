using ClusterSession.Records;

namespace ClusterSession.Local;

/// <summary>
/// What this node has committed to one session lately, merged into one record. The record is
/// immutable and mostly shared with the local copy.
/// </summary>
internal sealed class RecentCommit(
    SessionRecord record,
    long at,
    SessionVersion lackedVersion,
    SessionVersion divergedSince,
    bool isRecovered = false
)
{
    private volatile bool _isOutdated;

    public SessionRecord Record { get; } = record;

    /// <summary>
    /// The version that the store had before the newest of these commits and that is not in the
    /// record, or none: then the record is all that the store had after it.
    /// </summary>
    public SessionVersion LackedVersion { get; } = lackedVersion;

    public bool IsComplete => LackedVersion.IsNone;

    /// <summary>
    /// The first commit of this node on top of one of another node that is not in the record, or
    /// none. A client whose token is older than this, and in the record, has not seen what is
    /// missing: had it seen that at the other node, its token would name the other node's commit,
    /// which the record does not contain.
    /// </summary>
    public SessionVersion DivergedSince { get; } = divergedSince;

    /// <summary>
    /// Whether something that is missing was committed by another node: commits of this node that
    /// are missing have merely not been answered.
    /// </summary>
    public bool IsDiverged => !DivergedSince.IsNone;

    /// <summary>
    /// Whether this node has repaired or restored the session in a store that lacked something of
    /// it: if it hears then that the session was ended, it ends it again.
    /// </summary>
    public bool IsRecovered { get; } = isRecovered;

    /// <summary>When the store acknowledged it, as a timestamp.</summary>
    public long At { get; } = at;

    /// <summary>
    /// Whether somebody else has changed or ended the session since: then this may be merged into
    /// what is there, but must not bring back what is not.
    /// </summary>
    public bool IsOutdated => _isOutdated;

    public void MarkOutdated() => _isOutdated = true;
}
