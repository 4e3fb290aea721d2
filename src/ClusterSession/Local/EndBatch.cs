using System.Text;
using ClusterSession.Records;

namespace ClusterSession.Local;

/// <summary>
/// Ends of sessions that were announced together, as the bytes of their announcement.
/// </summary>
/// <remarks>
/// <code>
/// offset  size  field
/// 0       1     format = 1
///               of each end:
/// 0       16    key of the session
/// 16      13    version of the end
/// 29      1     length of the successor's text; 0: none
/// 30      n     the successor, as a tombstone has it
/// </code>
/// </remarks>
/// <param name="payload">The bytes, checked by <see cref="TryRead"/> or written here.</param>
/// <param name="madeAt">When the first of them was made, as a timestamp of this node.</param>
internal sealed class EndBatch(ReadOnlyMemory<byte> payload, long madeAt)
{
    /// <summary>How many ends one batch has at most.</summary>
    public const int MaxCount = 1000;

    private const byte Format = 1;
    private const int HeaderLength = 1;
    private const int EndLength = SessionKey.ByteLength + SessionVersion.EncodedLength + 1;

    public ReadOnlyMemory<byte> Payload => payload;

    public long MadeAt => madeAt;

    /// <summary>Which process made them; only where <see cref="Number"/> is not 0.</summary>
    public long Process { get; set; }

    /// <summary>
    /// Number of the announcement, counted by process from 1; 0: it was not announced yet.
    /// </summary>
    public long Number { get; set; }

    /// <summary>
    /// Whether this process has made them. False also of an announcement that was put together from
    /// several batches of this process: those batches have it.
    /// </summary>
    public bool IsOwn { get; init; }

    /// <summary>When the store acknowledged them last, as a timestamp.</summary>
    public long AcknowledgedAt { get; set; }

    /// <summary>When it was known that the store has the announcement, as a timestamp.</summary>
    public long StoredAt { get; set; } = long.MaxValue;

    /// <summary>Until when they are remembered, as a timestamp.</summary>
    public long Until { get; set; }

    /// <summary>Writes ends.</summary>
    public static byte[] Write(IReadOnlyList<(SessionKey Key, SessionEnd End)> ends)
    {
        var bytes = new byte[HeaderLength + (ends.Count * (EndLength + SessionSuccessor.MaxTextLength))];
        bytes[0] = Format;
        var at = HeaderLength;
        foreach (var (key, end) in ends)
        {
            key.WriteBytes(bytes.AsSpan(at));
            end.Version.WriteTo(bytes.AsSpan(at + SessionKey.ByteLength));
            var successor = end.Successor?.ToString() ?? "";
            bytes[at + EndLength - 1] = (byte)successor.Length;
            at += EndLength;
            at += Encoding.ASCII.GetBytes(successor, bytes.AsSpan(at));
        }

        return bytes[..at];
    }

    /// <summary>Reads an announcement; null if it is of another format.</summary>
    public static EndBatch? TryRead(ReadOnlyMemory<byte> payload, long madeAt)
    {
        var bytes = payload.Span;
        if (bytes.IsEmpty || bytes[0] != Format)
        {
            return null;
        }

        var at = HeaderLength;
        while (at < bytes.Length)
        {
            var length = at + EndLength <= bytes.Length ? bytes[at + EndLength - 1] : 0;
            if (
                at + EndLength + length > bytes.Length
                || !SessionVersion.TryRead(bytes[(at + SessionKey.ByteLength)..], out _)
                || (length > 0 && !SessionSuccessor.TryParse(bytes.Slice(at + EndLength, length), out _))
            )
            {
                return null;
            }

            at += EndLength + length;
        }

        return new EndBatch(payload, madeAt);
    }

    /// <summary>The keys, and where each end is.</summary>
    public IEnumerable<(SessionKey Key, int At)> Keys()
    {
        for (var at = HeaderLength; at < payload.Length; at += EndLength + payload.Span[at + EndLength - 1])
        {
            yield return (SessionKey.FromBytes(payload.Span[at..]), at);
        }
    }

    /// <summary>The end at a place.</summary>
    public SessionEnd End(int at)
    {
        var bytes = payload.Span[at..];
        var length = bytes[EndLength - 1];
        var version = SessionVersion.Read(bytes[SessionKey.ByteLength..]);
        return length > 0 && SessionSuccessor.TryParse(bytes.Slice(EndLength, length), out var successor)
            ? new SessionEnd(version, successor)
            : new SessionEnd(version);
    }
}
