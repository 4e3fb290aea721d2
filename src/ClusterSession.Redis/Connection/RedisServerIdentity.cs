namespace ClusterSession.Redis.Connection;

/// <summary>
/// Who the server is and which history of writes it holds, as it said when the connection was made.
/// Immutable.
/// </summary>
/// <param name="RunId">Changes with every start of the process; empty if the user may not
/// ask.</param>
/// <param name="ReplicationId">Names the history of writes; the same on a master and its replicas,
/// new after a promotion.</param>
/// <param name="ReplicationId2">The history before the last promotion; zeros if there was
/// none.</param>
/// <param name="SecondReplicationOffset">Up to where the former history is contained in this one;
/// -1 if there was none.</param>
/// <param name="MasterReplicationOffset">How far the history has come.</param>
/// <param name="Role">Master or replica.</param>
/// <param name="Version">Such as 7.0.15.</param>
/// <param name="Mode">standalone, sentinel or cluster.</param>
internal sealed record RedisServerIdentity(
    string RunId,
    string ReplicationId,
    string ReplicationId2,
    long SecondReplicationOffset,
    long MasterReplicationOffset,
    RedisRole Role,
    string Version,
    string Mode
)
{
    /// <summary><see cref="Mode"/> of a node of a cluster.</summary>
    public const string ClusterMode = "cluster";

    /// <summary>The history that this one continues, or null if it continues none.</summary>
    public string? FormerHistory => ReplicationId2.AsSpan().ContainsAnyExcept('0') ? ReplicationId2 : null;

    /// <summary>
    /// What this server, connected to now, has in common with the one connected to before.
    /// </summary>
    public RedisContinuity ContinuityFrom(RedisServerIdentity? previous)
    {
        if (previous is null)
        {
            return RedisContinuity.First;
        }

        if (RunId.Length == 0 || previous.RunId.Length == 0 || ReplicationId.Length == 0)
        {
            return RedisContinuity.Unknown;
        }

        if (RunId == previous.RunId && ReplicationId == previous.ReplicationId)
        {
            return RedisContinuity.Same;
        }
        // It either follows the same history (a replica of it, promoted or not, or the same process
        // promoted), possibly less far than the last acknowledged write, or has nothing to do with
        // it (restarted, with its data from disk or with none).
        return ReplicationId == previous.ReplicationId || ReplicationId2 == previous.ReplicationId
            ? RedisContinuity.SameHistory
            : RedisContinuity.Unrelated;
    }
}
