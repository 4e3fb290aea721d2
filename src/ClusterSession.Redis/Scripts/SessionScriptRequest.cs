using ClusterSession.Records;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;
using ClusterSession.Stores;

namespace ClusterSession.Redis.Scripts;

/// <summary>
/// A script on a session that answers with one letter and, for some, a version; for an end also
/// with the key of the successor.
/// </summary>
internal abstract class SessionScriptRequest(RedisScript script, RedisKeys keys, SessionKey key, CopyLeases leases)
    : ScriptRequest<StoreWrite>(script, keys)
{
    protected SessionKey Key { get; } = key;

    public override int RouteLength => Keys.SessionLength;

    public override void WriteRoute(Span<byte> destination) => Keys.WriteSession(destination, Key);

    public override StoreWrite Unavailable(StoreFailure failure) => StoreWrite.Unavailable(failure);

    /// <summary>
    /// The version that was stored before, where the answer is 'A', which names none: the base.
    /// </summary>
    protected virtual SessionVersion Base => SessionVersion.None;

    public override StoreWrite Damaged(string what) => StoreWrite.Damaged(what);

    protected override void WriteKey(ref RespWriter writer) => Keys.WriteSession(ref writer, Key);

    protected override StoreWrite Parse(ref RespReader reader)
    {
        var answer = reader.Bytes;
        if (answer.IsEmpty)
        {
            throw new RespProtocolException("A session script answered with nothing.");
        }

        var isReadable = SessionVersion.TryRead(answer[1..], out var version);
        var letter = (char)answer[0];
        var result = letter switch
        {
            'A' => Changed(Base, leases.For(Connection!)),
            'C' => Changed(version, leases.For(Connection!)),
            'B' => Changed(version, SessionLease.None) with { IsBaseMissing = true },
            'R' => StoreWrite.Answered(WriteOutcome.Committed, version, leases.For(Connection!)),
            'U' or 'W' => StoreWrite.Answered(WriteOutcome.Unchanged, version, leases.For(Connection!)),
            'M' => StoreWrite.Answered(WriteOutcome.Missing, version, SessionLease.None),
            'D' => EndIn(answer[1..], version),
            'S' when !isReadable => StoreWrite.Damaged(RecordReading.VersionBeyond),
            'S' => StoreWrite.Answered(WriteOutcome.Superseded, version, SessionLease.None),
            'L' => StoreWrite.Unavailable(StoreFailure.TooLarge),
            'X' => StoreWrite.Answered(WriteOutcome.Collision, version, SessionLease.None),
            _ => throw new RespProtocolException("A session script answered with an unknown letter."),
        };
        HasWritten = letter is 'A' or 'B' or 'C' or 'W';
        return result;
    }

    private static StoreWrite Changed(SessionVersion previous, SessionLease lease) =>
        StoreWrite.Answered(WriteOutcome.Committed, previous, lease) with
        {
            HasChanged = true,
        };

    /// <summary>
    /// Reads the version of an end, the mark of the key that its tombstone was written under
    /// (zeros: the tombstone does not say it), and the successor, if there is one. If the tombstone
    /// is that of another session, what is under way does not go to its successor.
    /// </summary>
    private StoreWrite EndIn(ReadOnlySpan<byte> end, SessionVersion version)
    {
        const int SuccessorAt = SessionVersion.EncodedLength + RedisKeys.MarkLength;
        if (end.Length < SuccessorAt)
        {
            return StoreWrite.Damaged("its end is cut off");
        }

        var mark = end[SessionVersion.EncodedLength..SuccessorAt];
        if (mark.ContainsAnyExcept((byte)0) && !RedisKeys.IsMarkOf(Key, mark))
        {
            return StoreWrite.Damaged(RecordReading.OfAnotherKey);
        }

        var damage = RecordReading.ReadSuccessor(Key, end[SuccessorAt..], out var successor);
        return StoreWrite.Answered(WriteOutcome.Destroyed, version, SessionLease.None) with
        {
            Successor = successor,
            Damage = damage,
        };
    }

    protected void WriteMark(ref RespWriter writer) => RedisKeys.WriteMark(ref writer, Key);

    protected static void WriteVersion(ref RespWriter writer, SessionVersion version) =>
        version.WriteTo(writer.WriteBulkSpace(SessionVersion.EncodedLength));

    /// <summary>
    /// The version that the writer of <paramref name="version"/> issued before it for the session:
    /// its stamp is <paramref name="after"/>, or, if that is negative (not known), the one just
    /// below.
    /// </summary>
    protected static SessionVersion Before(SessionVersion version, long after) =>
        new(after < 0 ? Math.Max(0, version.Stamp - 1) : Math.Min(after, version.Stamp - 1), version.Writer);

    protected static void WriteLife(ref RespWriter writer, TimeSpan life) =>
        writer.WriteBulk((long)Math.Ceiling(life.TotalMilliseconds));
}
