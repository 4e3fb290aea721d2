using System.Collections.Concurrent;
using ClusterSession.Lifetime;
using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.Local;

/// <summary>
/// The sessions this node has in memory, bounded by count and bytes.
/// </summary>
/// <remarks>
/// <para>
/// <b>Invalidations that overtake answers.</b> A store's answer and the invalidation of that answer
/// arrive in order. But the request that asked continues on another thread, and may put its copy
/// here after the invalidation was handled. So a request takes a <see cref="Mark"/> before it asks
/// the store, an invalidation moves the mark of its stripe, and a copy whose mark has moved is
/// published as stale: good for its own request, to be checked before the next. Marks are striped
/// by key, because a mark must outlive the copy it is about; a stripe shared with another session
/// costs one needless check in some thousand.
/// </para>
/// <para>
/// <b>Eviction</b> is the clock algorithm over the table's own enumerator: each copy that was used
/// since the hand last passed gets a second chance. A linked list in order of use was rejected: it
/// costs 24 bytes a copy and a lock a request. Copies that are pinned (they hold what the store
/// does not have) are passed over.
/// </para>
/// <para>
/// <b>Copies that are not complete</b> (<see cref="PutIncomplete"/>) wait for the store's record,
/// and give way only to one that has all they have, or to the bounds: a session that was served
/// here is served on, should the store vanish before that. Where a replica was promoted that lacks
/// the commit of a complete copy, the copy becomes incomplete: the store's record may have a newer
/// version all the same, from another commit that was replayed first.
/// </para>
/// <para>Thread-safe.</para>
/// </remarks>
/// <param name="options">The bounds.</param>
/// <param name="clock">The clock of uses.</param>
/// <param name="pending">Sessions of which the store lacks something: their copies are not
/// evicted.</param>
/// <param name="ends">Sessions that are known to be ended: no copy of one is published here,
/// whatever the store has. An incomplete one may stay, and is never served: who opens the session
/// finds its end first.</param>
internal sealed class LocalCopies(
    LocalCopyOptions options,
    CoarseClock clock,
    PendingSessions? pending = null,
    KnownEnds? ends = null
)
{
    private const int Stripes = 4096;

    /// <summary>
    /// Object headers, table entry and clock fields of one copy, measured with a million of them.
    /// </summary>
    private const int Overhead = 180;

    private readonly ConcurrentDictionary<SessionKey, LocalCopy> _copies = new();
    private readonly int[] _marks = new int[Stripes];
    private readonly Lock _evictionLock = new();
    private IEnumerator<KeyValuePair<SessionKey, LocalCopy>>? _hand;
    private int _count;
    private long _bytes;

    public int Count => Volatile.Read(ref _count);

    public long Bytes => Interlocked.Read(ref _bytes);

    public CoarseClock Clock => clock;

    public bool TryGet(SessionKey key, out LocalCopy copy) => _copies.TryGetValue(key, out copy!);

    /// <summary>
    /// To be taken before the store is asked, and given to <see cref="Publish"/> with its answer.
    /// </summary>
    public int Mark(SessionKey key) => Volatile.Read(ref _marks[key.Stripe(Stripes)]);

    /// <summary>
    /// The store may have another version by now, by somebody else or by what this node has just
    /// sent.
    /// </summary>
    public void OnChanged(SessionKey key)
    {
        Interlocked.Increment(ref _marks[key.Stripe(Stripes)]);
        if (_copies.TryGetValue(key, out var copy))
        {
            copy.MarkStale();
        }
    }

    /// <summary>
    /// Puts a copy here, unless a newer one is here already. Answers with the one that is.
    /// </summary>
    /// <param name="key">Which session.</param>
    /// <param name="record">What the store has, or will have from the journal.</param>
    /// <param name="lease">How long that may be relied on.</param>
    /// <param name="mark">The mark that was taken before the store was asked.</param>
    /// <param name="touchedAt">Up to when the store knows that the session is in use.</param>
    /// <param name="isCommit">Whether it is what a request of this node has just committed: a use,
    /// and a prolongation.</param>
    public LocalCopy Publish(
        SessionKey key,
        SessionRecord record,
        SessionLease lease,
        int mark,
        int touchedAt,
        bool isCommit = false
    )
    {
        if (options.MaxCount == 0)
        {
            return new LocalCopy(record, lease, isCommit ? touchedAt : LocalCopy.Never, touchedAt);
        }

        LocalCopy? present;
        LocalCopy copy;
        do
        {
            if (_copies.TryGetValue(key, out present))
            {
                // The present copy wins even if its lease is over or somebody has changed the
                // session: an older answer must not take away what clients of this node were shown.
                // Concurrent ones are merged, such as a commit for the journal while another one is
                // replayed to the store.
                if (
                    present.IsComplete
                    && present.Record.Version > record.Version
                    && present.Record.ContainsAllOf(record)
                )
                {
                    return present;
                }

                // Being read does not count as a use: else a poll that must not prolong the session
                // would keep it alive, and restore it in the store.
                var usedAt = isCommit ? Math.Max(touchedAt, present.UsedAt) : present.UsedAt;
                copy = present.IsContainedIn(record)
                    ? new LocalCopy(
                        record,
                        lease,
                        usedAt,
                        touchedAt,
                        isProlongedHere: isCommit || IsStillProlongedHere(present, record, touchedAt)
                    )
                    : new LocalCopy(
                        SessionRecord.Merge(present.Record, record),
                        SessionLease.None,
                        usedAt,
                        touchedAt,
                        StateOf(present.IsDiverged)
                    );
            }
            else
            {
                copy = new LocalCopy(
                    record,
                    lease,
                    isCommit ? touchedAt : LocalCopy.Never,
                    touchedAt,
                    isProlongedHere: isCommit
                );
            }
        } while (!TryPut(key, present, copy));

        if (present is not null)
        {
            copy.CookieSentAt = present.CookieSentAt;
        }

        copy.ConfirmedAt = clock.Now;

        // After the copy is visible: an invalidation that came before has seen no copy but moved
        // the mark, one that comes later sees the copy.
        if (Mark(key) != mark)
        {
            copy.MarkStale();
        }

        if (ends?.Contains(key) == true)
        {
            Drop(key);
        }

        KeepWithinBounds();
        return copy;
    }

    /// <summary>
    /// Puts here what this node knows of a session, as an incomplete or diverged copy: other
    /// requests or nodes have committed too, or the store lacks something. The copy stays until a
    /// record is published that contains all of it, or it is dropped or evicted. A request that
    /// read the session before this call publishes its copy as stale.
    /// </summary>
    /// <param name="key">Which session.</param>
    /// <param name="known">What this node knows.</param>
    /// <param name="isDiverged">Whether another node is known to have committed something that is
    /// not in it.</param>
    /// <param name="isCommit">Whether a request of this node has just committed: a use.</param>
    public void PutIncomplete(SessionKey key, SessionRecord known, bool isDiverged = false, bool isCommit = false)
    {
        Interlocked.Increment(ref _marks[key.Stripe(Stripes)]);
        if (options.MaxCount == 0)
        {
            return;
        }

        var now = clock.Now;
        LocalCopy? present;
        LocalCopy copy;
        do
        {
            var all =
                !_copies.TryGetValue(key, out present) || known.ContainsAllOf(present.Record)
                    ? known
                    : SessionRecord.Merge(present.Record, known);
            var (usedAt, touchedAt) = isCommit || present is null ? (now, now) : (present.UsedAt, present.TouchedAt);
            copy = new LocalCopy(
                all,
                SessionLease.None,
                usedAt,
                touchedAt,
                StateOf(isDiverged || present is { IsDiverged: true })
            );
        } while (!TryPut(key, present, copy));
        KeepWithinBounds(key);
    }

    /// <summary>
    /// Takes a copy away because the session is another by now. A request that read the session
    /// before this call publishes its copy as stale.
    /// </summary>
    public void Drop(SessionKey key)
    {
        Interlocked.Increment(ref _marks[key.Stripe(Stripes)]);
        if (_copies.TryRemove(key, out var copy))
        {
            Forget(copy);
        }
    }

    /// <summary>
    /// All copies: no snapshot, but each as it is when the enumeration comes to it. For replay and
    /// for discarding.
    /// </summary>
    public IEnumerable<KeyValuePair<SessionKey, LocalCopy>> All() => _copies;

    /// <summary>
    /// Whether nobody else has changed or prolonged a session since this node has prolonged it.
    /// </summary>
    private static bool IsStillProlongedHere(LocalCopy copy, SessionRecord record, int prolongedAt) =>
        copy.IsProlongedHere
        && copy.Record.Version == record.Version
        && prolongedAt <= copy.TouchedAt + SessionLifetime.Tolerance;

    private static CopyState StateOf(bool isDiverged) => isDiverged ? CopyState.Diverged : CopyState.Incomplete;

    private bool TryPut(SessionKey key, LocalCopy? present, LocalCopy copy)
    {
        if (present is null)
        {
            if (!_copies.TryAdd(key, copy))
            {
                return false;
            }

            Interlocked.Increment(ref _count);
            Interlocked.Add(ref _bytes, copy.Record.Size + Overhead);
            return true;
        }

        if (!_copies.TryUpdate(key, copy, present))
        {
            return false;
        }

        Interlocked.Add(ref _bytes, copy.Record.Size - present.Record.Size);
        return true;
    }

    private void Forget(LocalCopy copy)
    {
        Interlocked.Decrement(ref _count);
        Interlocked.Add(ref _bytes, -(copy.Record.Size + Overhead));
    }

    /// <summary>Evicts what is too much.</summary>
    /// <param name="kept">What is not evicted now: nobody else may have it, and all others may be
    /// pinned.</param>
    private void KeepWithinBounds(SessionKey? kept = null)
    {
        if (_count > options.MaxCount || Bytes > options.MaxBytes)
        {
            Evict(kept);
        }
    }

    private void Evict(SessionKey? kept)
    {
        if (!_evictionLock.TryEnter())
        {
            return;
        }

        try
        {
            // Twice round at most: once to take second chances, once to evict.
            for (
                var steps = 2L * (_count + 1);
                steps > 0 && (_count > options.MaxCount || Bytes > options.MaxBytes);
                steps--
            )
            {
                _hand ??= _copies.GetEnumerator();
                if (!_hand.MoveNext())
                {
                    _hand.Dispose();
                    _hand = null;
                    continue;
                }

                var (key, copy) = _hand.Current;
                if (copy.WasUsed)
                {
                    copy.WasUsed = false;
                }
                else if (key != kept && pending?.Contains(key) != true && _copies.TryRemove(_hand.Current))
                {
                    Forget(copy);
                }
            }
        }
        finally
        {
            _evictionLock.Exit();
        }
    }
}
