using ClusterSession.Stores.Outage;

namespace ClusterSession.Recovery;

/// <summary>The recovery windows of all partitions of the store. Thread-safe.</summary>
/// <param name="time">The clock.</param>
/// <param name="tombstoneLife">How long the store remembers an end: copies of ended sessions are in
/// use for no longer.</param>
/// <param name="areEndsKnownSince">Whether this node has read the ends that all nodes know since a
/// timestamp.</param>
internal sealed class RecoveryWindows(TimeProvider time, TimeSpan tombstoneLife, Func<long, bool> areEndsKnownSince)
{
    private readonly PartitionTable<Times> _times = new(static () => new Times());

    /// <summary>The window of a partition at this moment.</summary>
    public RecoveryWindow Of(int partition)
    {
        var times = _times.Of(partition);
        return new RecoveryWindow(
            time,
            Volatile.Read(ref times.ReplacedAt),
            Volatile.Read(ref times.LostAt),
            tombstoneLife,
            areEndsKnownSince
        );
    }

    /// <summary>A partition came back as another server.</summary>
    public void Begin(int partition)
    {
        var times = _times.Of(partition);
        var now = time.GetTimestamp();
        Volatile.Write(ref times.LostAt, now);
        Volatile.Write(ref times.ReplacedAt, now);
    }

    /// <summary>Nobody recovers anything in it; what it has lost stays lost.</summary>
    public void GiveUp(int partition) => Volatile.Write(ref _times.Of(partition).ReplacedAt, long.MinValue);

    /// <summary>
    /// Keys have gone from one partition to another. What the first one has lost of these keys is
    /// missing in the second one too. The keys that were in the second one before get the same
    /// window: a window too many costs patience, one too few revives a session whose end was lost.
    /// </summary>
    public void Moved(int from, int to)
    {
        Times source = _times.Of(from),
            target = _times.Of(to);
        Raise(ref target.LostAt, Volatile.Read(ref source.LostAt));
        Raise(ref target.ReplacedAt, Volatile.Read(ref source.ReplacedAt));
    }

    private static void Raise(ref long at, long to)
    {
        for (var before = Volatile.Read(ref at); before < to; )
        {
            var seen = Interlocked.CompareExchange(ref at, to, before);
            if (seen == before)
            {
                return;
            }

            before = seen;
        }
    }

    private sealed class Times
    {
        public long ReplacedAt = long.MinValue;
        public long LostAt = long.MinValue;
    }
}
