using System.Globalization;
using ClusterSession.Failover.Face;
using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;

namespace ClusterSession.Cli.Watching;

/// <summary>Reads <c>INFO replication</c>, which the application's user may ask.</summary>
internal static class ServerReader
{
    public static RedisCommand Question() => new("INFO", "replication");

    /// <param name="address">How the Sentinels, or the settings, name it.</param>
    /// <param name="runId">Its process, as the connection shows it.</param>
    /// <param name="answer">What it says.</param>
    public static ServerState Read(string address, string runId, RedisReply answer)
    {
        var info = RedisHandshake.ParseInfo(answer);
        var server = new ServerState(address)
        {
            RunId = runId,
            History = info.GetValueOrDefault("master_replid") ?? "",
        };
        return info.GetValueOrDefault("role") switch
        {
            "master" => server with
            {
                Role = MemberRole.Master,
                Offset = Number(info, "master_repl_offset"),
                // Redis writes the line only where it counts its replicas before it takes a write.
                NeedsReplicas = info.ContainsKey("min_slaves_good_slaves"),
            },
            "slave" => server with
            {
                Role = MemberRole.Replica,
                Follows =
                    Number(info, "master_port") is { } port && info.GetValueOrDefault("master_host") is { } host
                        ? new RedisEndpoint(host, (int)port).ToString()
                        : null,
                IsLinkUp =
                    info.GetValueOrDefault("master_link_status") == "up"
                    && info.GetValueOrDefault("master_sync_in_progress") == "0",
                Offset = Number(info, "slave_repl_offset"),
                SilentSeconds = Number(info, "master_link_down_since_seconds")
                    ?? Number(info, "master_last_io_seconds_ago"),
                Priority = (int?)Number(info, "slave_priority"),
            },
            _ => server with { Problem = "does not say its role: its user lacks +info." },
        };
    }

    private static long? Number(Dictionary<string, string> info, string name) =>
        long.TryParse(info.GetValueOrDefault(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
}
