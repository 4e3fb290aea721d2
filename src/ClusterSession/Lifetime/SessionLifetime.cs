using ClusterSession.Records;
using Microsoft.Extensions.Options;

namespace ClusterSession.Lifetime;

/// <summary>
/// The times of a session's life. Expiry is counted in durations on each clock alone; only the
/// absolute end compares with the wall clock of the node that made the session.
/// </summary>
/// <remarks>
/// <code>
/// last use            idle timeout           + 1.25 touch intervals      + longest request
/// |-------------------------|-----------------------|--------------------------|
///   alive, on every node      refused by the node     refused by every node;     the store has
///                             of the last use         a running request may      forgotten it
///                                                     still commit
/// </code>
/// The node that prolonged a session last sends no further use for a touch interval; any other one
/// sends its use within an interval. And the last commit may have been up to a quarter of an
/// interval after the last prolongation (StoreLife less LeastStoreLife). So the store may not know
/// of the uses of the last 1.25 intervals, and every other node adds that before it refuses.
/// </remarks>
internal sealed class SessionLifetime(IOptions<ClusterSessionOptions> options, TimeProvider time)
{
    private static readonly TimeSpan ShortestLife = TimeSpan.FromSeconds(1);

    private readonly TimeSpan? _absolute = options.Value.AbsoluteTimeout;

    /// <summary>
    /// By how many ticks a prolongation may seem to be later than the use that caused it: the
    /// command takes time, and both moments are rounded down to tenths of a second.
    /// </summary>
    public const int Tolerance = 8;

    /// <summary>A use is within the idle timeout until more than that has passed: both moments are
    /// cut to tenths.</summary>
    public int IdleTicks { get; } = CoarseClock.Ticks(options.Value.IdleTimeout);

    /// <summary>After how long without a use a session is idle, at the node that saw its last use:
    /// not before other nodes have reported theirs.</summary>
    public int IdleTicksAtLastNode { get; } =
        CoarseClock.Ticks(Longer(options.Value.IdleTimeout, options.Value.EffectiveTouchInterval * 2.75));

    /// <summary>After how long without a prolongation in the store a session is idle, at a node
    /// that did not see its last use: another node may have used it for a while since.</summary>
    public int IdleTicksElsewhere { get; } =
        CoarseClock.Ticks(options.Value.IdleTimeout + (options.Value.EffectiveTouchInterval * 1.25));

    public int TouchTicks { get; } = CoarseClock.Ticks(options.Value.EffectiveTouchInterval);

    /// <summary>How long the end of a session is remembered in the store.</summary>
    public TimeSpan TombstoneLife { get; } = options.Value.TombstoneLife;

    /// <summary>
    /// How long the nodes remember an end: as long as a copy of the session can be in use. The
    /// tombstone lives longer only where logins are in the store, since it must outlast logins of
    /// weeks. A node drops its copy of a login when it hears of the end. Ends that are kept for
    /// weeks would exceed <see cref="Local.KnownEnds.MaxCount"/>.
    /// </summary>
    public TimeSpan KnownEndLife { get; } = 2 * options.Value.StoreLife;

    /// <summary>How long ago a session was ended, by what is left of its tombstone: no clock of
    /// another node says so.</summary>
    public TimeSpan AgeOfTombstone(TimeSpan? remainingLife) =>
        remainingLife is { } left && left < TombstoneLife ? TombstoneLife - left : TimeSpan.Zero;

    public bool IsPastAbsoluteEnd(SessionRecord record) =>
        record.HasOwnExpiry
            ? RecordExpiry.Of(record) is { } end && time.GetUtcNow() >= end
            : _absolute is { } limit && time.GetUtcNow() - record.Created >= limit;

    /// <summary>
    /// How long the store is to keep a session if nothing else happens. Not cut short by the
    /// absolute end, which every node checks itself: a record that is there and too old is an end,
    /// one that is missing too early would look like a loss.
    /// </summary>
    public TimeSpan StoreLife { get; } = options.Value.StoreLife;

    /// <summary>If so much of a session's life is left, the store need not prolong it.</summary>
    public TimeSpan LeastStoreLife { get; } = options.Value.LeastStoreLife;

    /// <summary>
    /// Whether a session of which the store has nothing may have expired; else it was lost. This
    /// compares wall clocks, also of different nodes, because there is
    /// nothing else to ask. So it may only choose how long the session is looked for and what is
    /// said of it: no session that is there ends, or lives, by it.
    /// </summary>
    public bool MayHaveExpired(SessionVersion seen) =>
        seen.IsNone || time.GetUtcNow() - seen.MadeAt >= options.Value.IdleTimeout;

    /// <summary>Whether a timestamp of this node lies within the idle timeout.</summary>
    public bool IsWithinIdleTime(long timestamp) => time.GetElapsedTime(timestamp) <= options.Value.IdleTimeout;

    /// <summary>Whether a copy is within the idle timeout, and before the absolute end, by what
    /// this node knows itself.</summary>
    public bool IsUsable(SessionRecord record, int lastUse, int now) =>
        (record.HasOwnExpiry || now - lastUse <= IdleTicks) && !IsPastAbsoluteEnd(record);

    /// <summary>
    /// When, on the coarse clock, the store was last told to prolong a session, by the life it has
    /// left. A life that a node with a longer timeout has named counts
    /// as prolonged just now: while timeouts differ, the longer one holds.
    /// </summary>
    public int ProlongedAt(TimeSpan? remainingLife, int now) =>
        remainingLife is { } left && left < StoreLife
            ? now - (int)Math.Min(now, (long)((StoreLife - left).TotalSeconds * CoarseClock.TicksPerSecond))
            : now;

    /// <summary>How long the store is to keep a record: a session if nothing else happens, another
    /// to its own end.</summary>
    public TimeSpan StoreLifeOf(SessionRecord record) => LifeTo(RecordExpiry.Of(record)) ?? StoreLife;

    /// <summary>How long the store is to keep a record that is changed so.</summary>
    /// <param name="record">The record.</param>
    /// <param name="delta">The changes.</param>
    /// <param name="least">Where that much of it is left, the store need not prolong it.</param>
    public TimeSpan StoreLifeOf(SessionRecord record, SessionDelta delta, out TimeSpan least)
    {
        var own = record.HasOwnExpiry ? LifeTo(RecordExpiry.Of(record, delta)) : null;
        least = own ?? LeastStoreLife;
        return own ?? StoreLife;
    }

    /// <summary>
    /// How much of the store's life is left of a session that this node replays, by the last use it
    /// knows of: being replayed does not count as a use. Zero: it is past its idle time, or its own
    /// end, and must not come into being by this.
    /// </summary>
    /// <param name="record">What is replayed.</param>
    /// <param name="use">The last use, on the coarse clock.</param>
    /// <param name="now">Now, on the coarse clock.</param>
    public TimeSpan LifeLeft(SessionRecord record, int use, int now) =>
        record.HasOwnExpiry ? (IsPastAbsoluteEnd(record) ? TimeSpan.Zero : StoreLifeOf(record))
        : now - use > IdleTicks ? TimeSpan.Zero
        : StoreLifeSince(use, now);

    /// <summary>How much of the store's life is left, at least, of a session that was used last at
    /// a moment on the coarse clock.</summary>
    public TimeSpan StoreLifeSince(int use, int now)
    {
        var life = StoreLife - (TimeSpan.FromSeconds(Math.Max(0, now - use - 1) / (double)CoarseClock.TicksPerSecond));
        return life > ShortestLife ? life : ShortestLife;
    }

    /// <summary>A little longer than to the end: every node checks that itself, and one whose clock
    /// is behind must find the record.</summary>
    private TimeSpan? LifeTo(DateTimeOffset? end) =>
        end is { } at
            ? Longer(at - time.GetUtcNow(), TimeSpan.Zero) + options.Value.LongestRequest + ShortestLife
            : null;

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
