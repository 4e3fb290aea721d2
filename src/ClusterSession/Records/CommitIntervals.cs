using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace ClusterSession.Records;

/// <summary>
/// Which commits a record contains: per writer disjoint intervals (lo, hi], each of which says that
/// every commit of this writer to this session with lo &lt; stamp &lt;= hi is in the record.
/// </summary>
/// <remarks>
/// <code>
/// offset  size  field of one interval, on the wire and in memory
/// 0       7     lo
/// 7       7     hi
/// 14      6     writer; hi and writer together are the version of the newest commit of the
///               interval
/// </code>
/// <para>
/// Ascending by writer, then by lo. A commit brings (p, s], where p is the last stamp that its
/// writer issued for the session before s: it claims s alone, because the writer issued nothing
/// between. The union of two copies claims what either has absorbed, and merging them absorbs both;
/// forgetting an interval claims less. So whatever is lost, reordered or repeated, what is claimed
/// is there. What is not claimed may be there all the same.
/// </para>
/// <para>
/// Rejected: the newest stamp of each writer (a loss in the middle is hidden by the next commit: 10
/// % of the checks of a model with failovers said "contained" of commits that were not), and a list
/// of the newest commits (13 %). Not thread-safe.
/// </para>
/// </remarks>
internal sealed class CommitIntervals
{
    public const int EncodedLength = 20;
    public const int HiOffset = 7;

    /// <summary>
    /// With one interval a writer 3.3 % of recent commits were not recognised in the model, with
    /// two 0.03 %, with four none. Sixteen, because concurrent requests of one session each leave a
    /// gap while the store is unreachable, until the last of them is in the journal: with two a
    /// page of four requests made the node forget what it had shown before, and answer 503.
    /// </summary>
    public const int MaxPerWriter = 16;

    public const int MaxWriters = 128;

    private readonly List<Interval> _all = [];

    public int Count => _all.Count;

    public static long LoOf(ReadOnlySpan<byte> interval) => BinaryPrimitives.ReadInt64BigEndian(interval) >>> 8;

    public static SessionVersion NewestOf(ReadOnlySpan<byte> interval) => SessionVersion.Read(interval[HiOffset..]);

    /// <summary>Whether one of the intervals has the commit in it.</summary>
    public static bool Contains(ReadOnlySpan<byte> intervals, SessionVersion version)
    {
        for (; !intervals.IsEmpty; intervals = intervals[EncodedLength..])
        {
            var newest = NewestOf(intervals);
            if (newest.Writer == version.Writer && version.Stamp <= newest.Stamp && LoOf(intervals) < version.Stamp)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Whether every interval in <paramref name="others"/> lies within an interval in <paramref
    /// name="intervals"/>.
    /// </summary>
    public static bool Covers(ReadOnlySpan<byte> intervals, ReadOnlySpan<byte> others)
    {
        if (intervals.SequenceEqual(others))
        {
            return true;
        }

        var at = 0;
        for (; !others.IsEmpty; others = others[EncodedLength..])
        {
            var newest = NewestOf(others);
            var lo = LoOf(others);
            for (; ; at += EncodedLength)
            {
                if (at == intervals.Length)
                {
                    return false;
                }

                var mine = NewestOf(intervals[at..]);
                if (mine.Writer > newest.Writer)
                {
                    return false;
                }

                if (mine.Writer == newest.Writer && newest.Stamp <= mine.Stamp)
                {
                    if (LoOf(intervals[at..]) > lo)
                    {
                        return false;
                    }

                    break; // The next one may lie in it too.
                }
            }
        }

        return true;
    }

    /// <summary>
    /// Where the interval begins that ends with this commit and is the newest of its writer, or -1.
    /// </summary>
    public static int IndexOfNewest(ReadOnlySpan<byte> intervals, SessionVersion version)
    {
        for (var at = 0; at < intervals.Length; at += EncodedLength)
        {
            if (NewestOf(intervals[at..]) == version)
            {
                var next = at + EncodedLength;
                return next < intervals.Length && NewestOf(intervals[next..]).Writer == version.Writer ? -1 : at;
            }
        }

        return -1;
    }

    /// <summary>
    /// The encoded intervals of an issued version: the commit, and the unused stamps before it.
    /// </summary>
    public static byte[] Of(IssuedVersion issued)
    {
        var intervals = new CommitIntervals();
        intervals.Add(issued.UnusedStamps.Span);
        intervals.Add(issued.Version, issued.PreviousStamp);
        intervals.Normalize();
        var bytes = new byte[intervals.Count * EncodedLength];
        intervals.WriteTo(bytes);
        return bytes;
    }

    public void Clear() => _all.Clear();

    /// <summary>Adds what one commit brings.</summary>
    /// <param name="version">The commit.</param>
    /// <param name="after">The last stamp that its writer issued for the session before.</param>
    public void Add(SessionVersion version, long after) => _all.Add(new Interval(version.Writer, after, version.Stamp));

    /// <summary>Adds all that another copy has.</summary>
    public void Add(ReadOnlySpan<byte> intervals)
    {
        for (; !intervals.IsEmpty; intervals = intervals[EncodedLength..])
        {
            Add(NewestOf(intervals), LoOf(intervals));
        }
    }

    /// <summary>
    /// Orders and fuses them, and forgets the lowest of those that are too many; answers with the
    /// highest stamp forgotten, or 0.
    /// </summary>
    public long Normalize()
    {
        if (_all.Count > 1)
        {
            _all.Sort();
            Fuse();
        }

        var forgotten = ForgetLowOfWriters();
        return Math.Max(forgotten, ForgetWriters());
    }

    public void WriteTo(Span<byte> destination)
    {
        Span<byte> eight = stackalloc byte[8];
        foreach (var interval in _all)
        {
            BinaryPrimitives.WriteInt64BigEndian(eight, interval.Lo);
            eight[1..].CopyTo(destination);
            new SessionVersion(interval.Hi, interval.Writer).WriteTo(destination[HiOffset..]);
            destination = destination[EncodedLength..];
        }
    }

    private void Fuse()
    {
        var kept = 0;
        var all = CollectionsMarshal.AsSpan(_all);
        for (var i = 1; i < all.Length; i++)
        {
            if (all[i].Writer == all[kept].Writer && all[i].Lo <= all[kept].Hi)
            {
                all[kept] = all[kept] with { Hi = Math.Max(all[kept].Hi, all[i].Hi) };
            }
            else
            {
                all[++kept] = all[i];
            }
        }

        _all.RemoveRange(kept + 1, _all.Count - kept - 1);
    }

    private long ForgetLowOfWriters()
    {
        var (forgotten, kept) = (0L, 0);
        var all = CollectionsMarshal.AsSpan(_all);
        for (var i = 0; i < all.Length; i++)
        {
            if (i + MaxPerWriter < all.Length && all[i + MaxPerWriter].Writer == all[i].Writer)
            {
                forgotten = Math.Max(forgotten, all[i].Hi);
            }
            else
            {
                all[kept++] = all[i];
            }
        }

        _all.RemoveRange(kept, all.Length - kept);
        return forgotten;
    }

    private long ForgetWriters()
    {
        if (_all.Count <= MaxWriters)
        {
            return 0;
        }

        var newest = new List<Interval>();
        for (var i = 0; i < _all.Count; i++)
        {
            if (i + 1 == _all.Count || _all[i + 1].Writer != _all[i].Writer)
            {
                newest.Add(_all[i]);
            }
        }

        if (newest.Count <= MaxWriters)
        {
            return 0;
        }

        newest.Sort(static (a, b) => a.Hi != b.Hi ? a.Hi.CompareTo(b.Hi) : a.Writer.CompareTo(b.Writer));
        var lowest = newest.Take(newest.Count - MaxWriters).Select(static interval => interval.Writer).ToHashSet();
        var forgotten = newest[newest.Count - MaxWriters - 1].Hi;
        _all.RemoveAll(interval => lowest.Contains(interval.Writer));
        return forgotten;
    }

    private readonly record struct Interval(long Writer, long Lo, long Hi) : IComparable<Interval>
    {
        public int CompareTo(Interval other) =>
            Writer != other.Writer ? Writer.CompareTo(other.Writer) : Lo.CompareTo(other.Lo);
    }
}
