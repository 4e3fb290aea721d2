using System.Security.Cryptography;

namespace ClusterSession.Records;

/// <summary>
/// Hands out versions that are newer than every version this node has made or followed, whatever
/// the wall clock does. Versions too far ahead are not followed (<see cref="Observe"/>).
/// </summary>
/// <remarks>
/// A hybrid logical clock (Kulkarni and others, 2014) in one number: the stamp is wall time in
/// microseconds while that moves forward, and the last stamp plus one while it stands or jumps
/// back. A separate logical counter was rejected: a microsecond is finer than any node commits to
/// one session, and one number compares in one instruction, in C# and in Lua. Thread-safe without a
/// lock.
/// </remarks>
internal sealed class HybridClock(TimeProvider time, long writer)
{
    // microseconds: an hour, and a minute for what is added on the way
    private const long FurthestAhead = 3_660_000_000;
    private static readonly long TicksPerMicrosecond = TimeSpan.TicksPerMicrosecond;
    private long _last;

    /// <summary>The newest stamp made or followed.</summary>
    public long Last => Volatile.Read(ref _last);

    private long Now => (time.GetUtcNow().Ticks - DateTime.UnixEpoch.Ticks) / TicksPerMicrosecond;

    /// <summary>The id of this node process in the versions it makes.</summary>
    public long Writer { get; } = writer;

    public static long NewWriter(RandomNumberGenerator random)
    {
        Span<byte> bytes = stackalloc byte[8];
        long writer;
        do
        {
            random.GetBytes(bytes);
            writer = BitConverter.ToInt64(bytes) & SessionVersion.MaxWriter;
        } while (writer == 0);
        return writer;
    }

    public SessionVersion Next()
    {
        var now = Now;
        while (true)
        {
            var last = Volatile.Read(ref _last);
            var next = Math.Max(now, last + 1);
            if (next > SessionVersion.MaxStamp)
            {
                throw new InvalidOperationException(
                    "The session clock has reached its end (2^53 - 1 microseconds): a clock in this cluster is set "
                        + "beyond the year 2255. Correct that clock and clear the sessions it wrote."
                );
            }

            if (Interlocked.CompareExchange(ref _last, next, last) == last)
            {
                return new SessionVersion(next, Writer);
            }
        }
    }

    /// <summary>
    /// Moves this clock past a version that another node made, unless that is more than an hour
    /// ahead of the wall clock. A clock with a larger error then affects only the sessions that its
    /// node wrote to.
    /// </summary>
    public void Observe(SessionVersion seen)
    {
        var last = Volatile.Read(ref _last);
        if (seen.Stamp <= last || seen.Stamp - Now > FurthestAhead)
        {
            return;
        }

        while (seen.Stamp > last)
        {
            var before = Interlocked.CompareExchange(ref _last, seen.Stamp, last);
            if (before == last)
            {
                return;
            }

            last = before;
        }
    }
}
