using System.Buffers.Binary;
using System.Text;
using ClusterSession.Records;
using ClusterSession.Redis.Protocol;

namespace ClusterSession.Redis.Requests;

/// <summary>
/// The names of keys and fields.
/// </summary>
/// <remarks>
/// <code><![CDATA[
/// {prefix}:1:{<22 characters>}   a session (hash); the characters are base64url of 128
///                                bits of the SHA-256 of its id
///   field m                      header: format 2, flags 1, created 8, version 13, the one before
///                                13, marks 1, forgotten stamp 7, intervals of commits 20 each
///   field k                      which key the record was written under: the first 8 bytes of it
///   field s                      of a tombstone: the key under which the session goes on, 22
///                                characters
///   field a<name>                attribute: version 13, flags 1, value
/// {prefix}:1:shared:generation   grows with each change of the replication history (string)
/// {prefix}:1:shared:epoch        the epoch under which the data was written (string), where an
///                                agent rules
/// {prefix}:1:lease               which process rules, and its epoch (string): see LeaseRecord
/// {prefix}:1:document:{<name>}   a document that all nodes share (sorted set), such as the
///                                key ring
/// {prefix}:1:document:{<name>}:at
///                                where each of its elements is in it (hash); only writers read
///                                that
/// {prefix}:1:alive:{<number>}    nobody writes it: a heartbeat in a cluster asks whether it
///                                exists
/// {prefix}:1:probe:{<number>}:<connection>
///                                a connection has written it, to see whether it is pushed that
///                                (hash, with a life of a minute)
/// {prefix}:1:nodes               no key, but the channel on which nodes publish
/// ]]></code>
/// The 1 is the version of this layout: two releases with different layouts can share a server
/// without reading each other's records. The braces put all keys that a session may get into one
/// hash slot of a cluster.
/// </remarks>
internal sealed class RedisKeys(string prefix)
{
    public const byte Format = 2;
    public const byte FormerFormat = 1;
    public const int FormerHeaderFixedLength = 11;
    public const int VersionOffset = 10;
    public const int PreviousOffset = 23;
    public const int MarksOffset = 36;
    public const int ForgottenOffset = 37;
    public const int StampLength = 7;
    public const int HeaderFixedLength = ForgottenOffset + StampLength;
    public const int IntervalLength = 20;
    public const int AttributeFixedLength = SessionVersion.EncodedLength + 1;

    public const int MarkLength = sizeof(ulong);

    private readonly byte[] _session = Encoding.UTF8.GetBytes(prefix + ":1:{");
    private readonly string _document = prefix + ":1:document:{";
    private readonly byte[] _documentUtf8 = Encoding.UTF8.GetBytes(prefix + ":1:document:{");

    public static ReadOnlySpan<byte> HeaderField => "m"u8;

    /// <summary>Which key the record was written under. Scripts set it where a record begins and
    /// leave it alone from then on; records of earlier releases have none.</summary>
    public static ReadOnlySpan<byte> MarkField => "k"u8;

    /// <summary>Of a tombstone: under what the session goes on.</summary>
    public static ReadOnlySpan<byte> SuccessorField => "s"u8;

    public static ReadOnlySpan<byte> AttributePrefix => "a"u8;

    public static void WriteMark(ref RespWriter writer, SessionKey key) =>
        BinaryPrimitives.WriteUInt64BigEndian(writer.WriteBulkSpace(MarkLength), key.Mark);

    public static bool IsMarkOf(SessionKey key, ReadOnlySpan<byte> mark) =>
        mark.Length == MarkLength && BinaryPrimitives.ReadUInt64BigEndian(mark) == key.Mark;

    /// <summary>What SCAN matches: every session, and nothing else of this application.</summary>
    public string SessionPattern { get; } = Escaped(prefix) + ":1:{" + new string('?', SessionKey.TextLength) + '}';

    /// <summary>The prefix of the keys that heartbeats read.</summary>
    public string HeartbeatPrefix { get; } = prefix + ":1:alive:";

    /// <summary>
    /// A key that one connection writes, to see whether the server pushes the change of it to that
    /// connection.
    /// </summary>
    /// <param name="tag">What goes into the braces.</param>
    /// <param name="connection">Which connection: nobody else may have that name.</param>
    public byte[] Probe(string tag, string connection) =>
        Encoding.UTF8.GetBytes($"{prefix}:1:probe:{{{tag}}}:{connection}");

    /// <summary>The channel on which nodes publish.</summary>
    public string Channel { get; } = prefix + ":1:nodes";

    public int SessionLength => _session.Length + SessionKey.TextLength + 1;

    public void WriteSession(ref RespWriter writer, SessionKey key) =>
        WriteSession(writer.WriteBulkSpace(SessionLength), key);

    public void WriteSession(Span<byte> destination, SessionKey key)
    {
        _session.CopyTo(destination);
        key.WriteText(destination[_session.Length..]);
        destination[^1] = (byte)'}';
    }

    /// <summary>The number that grows with each change of the replication history.</summary>
    public byte[] Generation { get; } = Encoding.UTF8.GetBytes(prefix + ":1:shared:generation");

    /// <summary>The record by which an agent opens the server for writes.</summary>
    public byte[] Lease { get; } = Encoding.UTF8.GetBytes(prefix + ":1:lease");

    /// <summary>
    /// The epoch under which the data was written. The agent of each ruler writes the epoch of its
    /// lease before it opens the server. The key replicates with the data.
    /// </summary>
    public byte[] Epoch { get; } = Encoding.UTF8.GetBytes(prefix + ":1:shared:epoch");

    /// <summary>The document that a key of the server names, if it names one.</summary>
    public string? NameOfDocument(ReadOnlySpan<byte> key) =>
        key.StartsWith(_documentUtf8) && key[^1] == '}' ? Encoding.UTF8.GetString(key[_documentUtf8.Length..^1]) : null;

    public byte[] Document(string name) => Encoding.UTF8.GetBytes(_document + name + '}');

    public byte[] DocumentPlaces(string name) => Encoding.UTF8.GetBytes(_document + name + "}:at");

    private static string Escaped(string prefix) =>
        string.Concat(
            prefix.Select(static one => one is '*' or '?' or '[' or ']' or '\\' or '^' ? $"\\{one}" : one.ToString())
        );

    /// <summary>The session that a key of the server names, if it names one.</summary>
    public bool TryParseSession(ReadOnlySpan<byte> key, out SessionKey session)
    {
        session = default;
        return key.Length == SessionLength
            && key.StartsWith(_session)
            && key[^1] == '}'
            && SessionKey.TryParse(key[_session.Length..^1], out session);
    }
}
