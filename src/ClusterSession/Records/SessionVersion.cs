using System.Buffers.Binary;
using System.Globalization;

namespace ClusterSession.Records;

/// <summary>
/// Names one commit of one session: the moment it was made and the node process that made it.
/// Versions are totally ordered (stamp first, then writer), and no two commits share one.
/// </summary>
/// <remarks>
/// <para>Thirteen bytes on the wire, big-endian, so that a Lua script reads both halves as exact
/// numbers:</para>
/// <code>
/// 0        7              13
/// +--------+--------------+
/// | stamp  | writer       |
/// +--------+--------------+
/// </code>
/// <para>A bare counter would not do: after a failover that lost commit 7, two nodes can each make
/// a different "7".</para>
/// </remarks>
public readonly record struct SessionVersion : IComparable<SessionVersion>
{
    /// <summary>
    /// The largest stamp: 2^53 - 1, the largest integer that a Lua number holds exactly (the year
    /// 2255).
    /// </summary>
    public const long MaxStamp = (1L << 53) - 1;

    /// <summary>The largest writer id: 2^48 - 1.</summary>
    public const long MaxWriter = (1L << 48) - 1;

    /// <summary>How many bytes a version takes on the wire.</summary>
    public const int EncodedLength = 13;

    /// <summary>Makes a version.</summary>
    /// <param name="stamp">Hybrid logical time in microseconds since 1970, 0 to
    /// <see cref="MaxStamp"/>.</param>
    /// <param name="writer">The random id of the writing process, 0 to
    /// <see cref="MaxWriter"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">One of the two is out of its
    /// range.</exception>
    public SessionVersion(long stamp, long writer)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(stamp);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(stamp, MaxStamp);
        ArgumentOutOfRangeException.ThrowIfNegative(writer);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(writer, MaxWriter);
        Stamp = stamp;
        Writer = writer;
    }

    /// <summary>No version at all: lower than every version of a commit.</summary>
    public static SessionVersion None => default;

    /// <summary>Hybrid logical time of the commit, in microseconds since 1970.</summary>
    public long Stamp { get; }

    /// <summary>The random id of the node process that made the commit.</summary>
    public long Writer { get; }

    /// <summary>Whether this is <see cref="None"/>.</summary>
    public bool IsNone => Stamp == 0 && Writer == 0;

    /// <summary>When it was made, by the hybrid clock of its writer.</summary>
    internal DateTimeOffset MadeAt => DateTimeOffset.UnixEpoch.AddTicks(Stamp * TimeSpan.TicksPerMicrosecond);

    /// <inheritdoc/>
    public int CompareTo(SessionVersion other) =>
        Stamp != other.Stamp ? Stamp.CompareTo(other.Stamp) : Writer.CompareTo(other.Writer);

    /// <summary>Whether <paramref name="left"/> is the earlier version.</summary>
    public static bool operator <(SessionVersion left, SessionVersion right) => left.CompareTo(right) < 0;

    /// <summary>Whether <paramref name="left"/> is the later version.</summary>
    public static bool operator >(SessionVersion left, SessionVersion right) => left.CompareTo(right) > 0;

    /// <summary>Whether <paramref name="left"/> is not the later version.</summary>
    public static bool operator <=(SessionVersion left, SessionVersion right) => left.CompareTo(right) <= 0;

    /// <summary>Whether <paramref name="left"/> is not the earlier version.</summary>
    public static bool operator >=(SessionVersion left, SessionVersion right) => left.CompareTo(right) >= 0;

    /// <summary>Writes the thirteen bytes.</summary>
    /// <param name="destination">At least <see cref="EncodedLength"/> bytes.</param>
    public void WriteTo(Span<byte> destination)
    {
        Span<byte> eight = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(eight, Stamp);
        eight[1..].CopyTo(destination);
        BinaryPrimitives.WriteInt64BigEndian(eight, Writer);
        eight[2..].CopyTo(destination[7..]);
    }

    /// <summary>Reads thirteen bytes.</summary>
    /// <param name="source">At least <see cref="EncodedLength"/> bytes.</param>
    /// <param name="version">The version, or <see cref="None"/>.</param>
    /// <returns>False if the bytes are too few or the stamp is larger than
    /// <see cref="MaxStamp"/>.</returns>
    public static bool TryRead(ReadOnlySpan<byte> source, out SessionVersion version)
    {
        version = default;
        if (source.Length < EncodedLength)
        {
            return false;
        }

        var stamp = BinaryPrimitives.ReadInt64BigEndian(source) >>> 8;
        var writer = BinaryPrimitives.ReadInt64BigEndian(source[5..]) & MaxWriter;
        if (stamp > MaxStamp)
        {
            return false;
        }

        version = new SessionVersion(stamp, writer);
        return true;
    }

    /// <summary>Reads thirteen bytes that this process has checked before.</summary>
    internal static SessionVersion Read(ReadOnlySpan<byte> source) =>
        TryRead(source, out var version)
            ? version
            : throw new FormatException("A stored session version is malformed.");

    /// <summary>A short text for people: stamp and writer in hexadecimal.</summary>
    public override string ToString() =>
        IsNone ? "none" : string.Create(CultureInfo.InvariantCulture, $"{Stamp:x}-{Writer:x}");
}
