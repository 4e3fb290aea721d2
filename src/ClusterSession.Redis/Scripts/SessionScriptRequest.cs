using ClusterSession.Redis.Protocol;
using ClusterSession.Sessions;
using ClusterSession.Stores;

namespace ClusterSession.Redis.Scripts;

/// <summary>A script on a session that answers with one letter and, for some, a version; for an end also with the key of the successor.</summary>
internal abstract class SessionScriptRequest(RedisScript script, RedisKeys keys, SessionKey key, LeaseSource leases)
    : ScriptRequest<StoreCommit>(script, keys)
{
    public override int RouteLength => Keys.SessionLength;

    public override void WriteRoute(Span<byte> destination) => Keys.WriteSession(destination, key);

    public override StoreCommit Unavailable(StoreFailure failure) => StoreCommit.Unavailable(failure);

    protected override void WriteKey(ref RespWriter writer) => Keys.WriteSession(ref writer, key);

    protected override StoreCommit Parse(ref RespReader reader)
    {
        var answer = reader.Bytes;
        if (answer.IsEmpty)
        {
            throw new RespProtocolException("A session script answered with nothing.");
        }

        SessionVersion.TryRead(answer[1..], out var version);
        return (char)answer[0] switch
        {
            'C' => StoreCommit.Answered(StoreCommitOutcome.Committed, version, leases.For(Connection!)),
            'B' => StoreCommit.Answered(StoreCommitOutcome.Committed, version, SessionLease.None) with { IsBaseMissing = true },
            'U' => StoreCommit.Answered(StoreCommitOutcome.Unchanged, version, leases.For(Connection!)),
            'M' => StoreCommit.Answered(StoreCommitOutcome.Missing, version, SessionLease.None),
            'D' => StoreCommit.Answered(StoreCommitOutcome.Destroyed, version, SessionLease.None) with { Successor = SuccessorIn(answer[1..]) },
            'S' => StoreCommit.Answered(StoreCommitOutcome.Superseded, version, SessionLease.None),
            'X' => StoreCommit.Answered(StoreCommitOutcome.Collision, version, SessionLease.None),
            _ => throw new RespProtocolException("A session script answered with an unknown letter."),
        };
    }

    private static SessionSuccessor? SuccessorIn(ReadOnlySpan<byte> end) =>
        end.Length > SessionVersion.EncodedLength && SessionSuccessor.TryParse(end[SessionVersion.EncodedLength..], out var successor)
            ? successor
            : null;

    protected static void WriteVersion(ref RespWriter writer, SessionVersion version) =>
        version.WriteTo(writer.WriteBulkSpace(SessionVersion.EncodedLength));

    protected static void WriteLife(ref RespWriter writer, TimeSpan life) => writer.WriteBulk((long)Math.Ceiling(life.TotalMilliseconds));
}
