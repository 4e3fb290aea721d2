using System.Globalization;
using ClusterSession.Failover.Sights;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Connection.Fencing;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;

namespace ClusterSession.Failover.Control;

/// <summary>What a Redis is asked at each look, and what its answers say of it.</summary>
/// <param name="keys">Where lease record and epoch are.</param>
/// <param name="applicationUser">The application's user.</param>
internal sealed class SightReader(RedisKeys keys, string applicationUser)
{
    /// <summary>The questions of one look.</summary>
    public IReadOnlyList<RedisCommand> Questions() =>
        [
            new("INFO", "replication"),
            new("INFO", "keyspace"),
            new("INFO", "persistence"),
            new("CONFIG", "GET", "save"),
            new("CONFIG", "GET", "stop-writes-on-bgsave-error"),
            new("CONFIG", "GET", "masteruser"),
            new("ACL", "LIST"),
            new("GET"u8.ToArray(), keys.Lease),
            new("GET"u8.ToArray(), keys.Epoch),
        ];

    /// <summary>Makes the sight of the answers, in the order of the questions.</summary>
    /// <exception cref="FormatException">
    /// Something is missing or unreadable on which a decision rests: such a Redis is not used.
    /// </exception>
    public RedisSight Read(string runId, IReadOnlyList<RedisReply> answers)
    {
        var (replication, keyspace, persistence, save, stops) = (
            answers[0],
            answers[1],
            answers[2],
            answers[3],
            answers[4]
        );
        var (masterUser, users, record, epoch) = (answers[5], answers[6], answers[7], answers[8]);
        var info = RedisHandshake.ParseInfo(replication);
        var isMaster = Field(info, "role") == "master";
        var isEmpty = RedisHandshake.ParseInfo(keyspace).Count == 0;
        var admitted = users
            .Items.Select(line => line.AsString().Split(' '))
            .Where(words => words.Length > 2 && words[0] == "user" && words.Skip(2).Contains("on"))
            .Select(words => words[1])
            .ToArray();
        var former = Field(info, "master_replid2");
        var hasFormer = former.AsSpan().ContainsAnyExcept('0');
        return new RedisSight
        {
            RunId = runId,
            IsMaster = isMaster,
            Follows = isMaster ? null : Followed(info, masterUser),
            IsLinkUp =
                info.GetValueOrDefault("master_link_status") == "up"
                && info.GetValueOrDefault("master_sync_in_progress") == "0",
            IsSyncing = info.GetValueOrDefault("master_sync_in_progress") == "1",
            RefusesWrites = RefusesWrites(RedisHandshake.ParseInfo(persistence), save, stops),
            // A synchronisation that fails while Redis loads it leaves an empty Redis that still
            // names the former history.
            HistoryId = isEmpty ? "" : Field(info, "master_replid"),
            Offset = isEmpty ? 0 : Number(Field(info, "master_repl_offset")),
            FormerHistoryId = isEmpty || !hasFormer ? "" : former,
            FormerOffset = isEmpty || !hasFormer ? -1 : Number(Field(info, "second_repl_offset")) - 1,
            DataEpoch = epoch.IsNull ? 0 : Number(epoch.AsString()),
            IsEmpty = isEmpty,
            Record = LeaseRecord.TryParse(record.Bytes, out var tenure) ? tenure : null,
            AdmitsClients = admitted.Contains(applicationUser),
            Admits = [.. admitted.Select(ReplicaUser.Read).OfType<Tenure>()],
        };
    }

    /// <summary>
    /// The user's name is set before the address: a change that was broken off between the two
    /// leaves a replica of an address where nobody listens.
    /// </summary>
    private static Tenure? Followed(Dictionary<string, string> info, RedisReply masterUser) =>
        Field(info, "master_host") == Nobody.Host && Field(info, "master_port") == Nobody.Port
            ? null
            : ReplicaUser.Read(masterUser["masteruser"]?.AsString() ?? "");

    /// <summary>As Redis decides it (writeCommandsDeniedByDiskError).</summary>
    private static bool RefusesWrites(Dictionary<string, string> info, RedisReply save, RedisReply stops) =>
        info.GetValueOrDefault("aof_last_write_status") == "err"
        || (
            info.GetValueOrDefault("rdb_last_bgsave_status") == "err"
            && save["save"]?.AsString() is { Length: > 0 }
            && stops["stop-writes-on-bgsave-error"]?.AsString() == "yes"
        );

    private static string Field(Dictionary<string, string> info, string name) =>
        info.GetValueOrDefault(name) ?? throw new FormatException($"INFO replication has no {name}");

    private static long Number(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new FormatException("an epoch or offset is no number");
}
