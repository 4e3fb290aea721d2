using ClusterSession.Stores;

namespace ClusterSession.Sessions.Copies;

/// <summary>
/// This node's copy of one session. Record and lease belong together and never change; a new state is a new object. What
/// changes in place are hints that need no lock: staleness only ever goes from false to true, the times are coarse.
/// </summary>
internal sealed class LocalCopy(SessionRecord record, SessionLease lease, int usedAt, int touchedAt, bool isWhole = true, bool lacksOthers = false)
{
    private volatile bool _isStale = !isWhole;

    public SessionRecord Record { get; } = record;

    public SessionLease Lease { get; } = lease;

    /// <summary>When a request last used it, in ticks of <see cref="CoarseClock"/>. Written by requests, read by eviction and expiry.</summary>
    public int UsedAt = usedAt;

    /// <summary>When the store was last told that the session is in use, in ticks of <see cref="CoarseClock"/>.</summary>
    public int TouchedAt = touchedAt;

    /// <summary>
    /// When this node last sent the session's cookie, as far as it knows, in ticks of <see cref="CoarseClock"/>. Only used
    /// where the cookie expires at the client.
    /// </summary>
    public int CookieSentAt = touchedAt;

    /// <summary>Second chance of the eviction: set by use, cleared when the sweep passes.</summary>
    public bool WasUsed = true;

    /// <summary>Whether it may be used without asking the store.</summary>
    public bool IsFresh => !_isStale && Lease.IsCurrent;

    public bool IsStale => _isStale;

    /// <summary>
    /// Whether it is all that the store had under its version. One that is not lacks what others have committed beside this node's commits: it serves only while the store gives
    /// no answer, and is never taken for unchanged.
    /// </summary>
    public bool IsWhole => isWhole;

    /// <summary>
    /// Whether another node is known to have committed something that is not here: a client may have seen it. Else what is missing may be but the answers to this node's own commits.
    /// </summary>
    public bool LacksOthers => lacksOthers;

    /// <summary>Whether a record has all that is here.</summary>
    public bool IsContainedIn(SessionRecord record) => isWhole ? record.Contains(Record.Version) : record.ContainsAllOf(Record);

    public void MarkStale() => _isStale = true;
}
