using ClusterSession.Lifetime;
using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.Local;

/// <summary>
/// This node's copy of one session. Record and lease belong together and never change; a new state
/// is a new object. What changes in place are hints that need no lock: <see cref="State"/> only
/// goes from current to stale, the times are coarse.
/// </summary>
internal sealed class LocalCopy(
    SessionRecord record,
    SessionLease lease,
    int usedAt,
    int touchedAt,
    CopyState state = CopyState.Current,
    bool isProlongedHere = false
)
{
    private volatile CopyState _state = state;

    public SessionRecord Record { get; } = record;

    public SessionLease Lease { get; } = lease;

    /// <summary>
    /// <see cref="UsedAt"/> of a session that no request of this node has used, as far as is known.
    /// </summary>
    public const int Never = 0;

    /// <summary>When a request of this node last used it, in ticks of <see cref="CoarseClock"/>.
    /// Written by requests, read by expiry.</summary>
    public int UsedAt = usedAt;

    /// <summary>Up to when the store knows, or is about to be told, that the session is in use, by
    /// any node; in ticks of <see cref="CoarseClock"/>.</summary>
    public int TouchedAt = touchedAt;

    /// <summary>
    /// When the store last said that it has this version, or when a confirmation was last queued,
    /// in ticks of <see cref="CoarseClock"/>. A lease says that a change would have been announced,
    /// which a store may fail to do for one key.
    /// </summary>
    public int ConfirmedAt = touchedAt;

    /// <summary>
    /// When this node last sent the session's cookie, as far as it knows, in ticks of <see
    /// cref="CoarseClock"/>. Only used where the cookie expires at the client.
    /// </summary>
    public int CookieSentAt = touchedAt;

    /// <summary>
    /// Whether this node was the last to prolong the session in the store, when the copy was made
    /// or by a touch since. While the copy is fresh nobody else has: a store tells of that too.
    /// </summary>
    public bool IsProlongedHere = isProlongedHere;

    /// <summary>Whether a use that the store does not know of waits to be reported.</summary>
    public bool IsReportQueued;

    /// <summary>Second chance of the eviction: set by use, cleared when the sweep passes.</summary>
    public bool WasUsed = true;

    /// <summary>How much of the session it is.</summary>
    public CopyState State => _state;

    /// <summary>Whether it may be used without asking the store.</summary>
    public bool IsFresh => IsCurrent && Lease.IsCurrent;

    /// <summary>
    /// Whether nobody else is known to have changed the session since the copy was read or
    /// committed. Commits of this node in it may be pending in the journal.
    /// </summary>
    public bool IsCurrent => _state == CopyState.Current;

    /// <summary>
    /// Whether it is all that the store had, and this node's own commits on top of it; else it is
    /// never taken for unchanged.
    /// </summary>
    public bool IsComplete => _state is CopyState.Current or CopyState.Stale;

    /// <summary>
    /// Whether the copy is known to lack a commit of another node, which a client may have seen. An
    /// incomplete copy may lack only commits of this node that were not answered yet. A stale one
    /// may lack anything: the store has to be asked.
    /// </summary>
    public bool IsDiverged => _state == CopyState.Diverged;

    /// <summary>
    /// The last use that this node knows of, in ticks of <see cref="CoarseClock"/>.
    /// </summary>
    public int LastUse => Math.Max(UsedAt, TouchedAt);

    /// <summary>Whether a use is known here that the store was not told of.</summary>
    public bool HasUnreportedUse => UsedAt > TouchedAt;

    /// <summary>Whether a record has all that is here.</summary>
    public bool IsContainedIn(SessionRecord record) => record.ContainsAllOf(Record);

    /// <summary>The store may have another version by now.</summary>
    public void MarkStale()
    {
        if (_state == CopyState.Current)
        {
            _state = CopyState.Stale;
        }
    }
}
