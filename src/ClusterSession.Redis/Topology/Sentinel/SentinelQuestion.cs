using System.Globalization;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Signals;

namespace ClusterSession.Redis.Topology.Sentinel;

/// <summary>Asks one sentinel everything, in one round trip.</summary>
/// <remarks>
/// <code>
///   SENTINEL GET-MASTER-ADDR-BY-NAME name   host, port: already the promoted replica's while the
///                                           failover is being finished
///   SENTINEL MASTER name                    config-epoch, flags (its ip and port are the old ones
///                                           until the failover is finished)
///   SENTINEL SENTINELS name                 one map for each other sentinel
///   SENTINEL REPLICAS name                  one map for each replica
/// </code>
/// A sentinel executes what arrives together without anything in between, so address and epoch
/// belong together. The flags are those of the old address: where another one is named, they say
/// that the former master is down, and nothing against the promoted one.
/// </remarks>
internal static class SentinelQuestion
{
    /// <summary>
    /// Asks; the exceptions are those of the connection, and of a server that refuses.
    /// </summary>
    public static async Task<SentinelAnswer> AskAsync(RedisConnection connection, string service)
    {
        var address = connection.SendAsync(new RedisCommand("SENTINEL", "GET-MASTER-ADDR-BY-NAME", service)).AsTask();
        var master = connection.SendAsync(new RedisCommand("SENTINEL", "MASTER", service)).AsTask();
        var sentinels = connection.SendAsync(new RedisCommand("SENTINEL", "SENTINELS", service)).AsTask();
        var replicas = connection.SendAsync(new RedisCommand("SENTINEL", "REPLICAS", service)).AsTask();
        if (
            (await address.ConfigureAwait(false)) is not { Items.Count: 2 } place
            || Endpoint(place[0].AsString(), place[1].AsString()) is not { } endpoint
        )
        {
            Task.WhenAll(master, sentinels, replicas).Abandon(); // They fail then.
            return SentinelAnswer.Unknown;
        }

        var state = await master.ConfigureAwait(false);
        var flags = state["flags"]?.AsString() ?? "";
        var followers = await replicas.ConfigureAwait(false);
        var entry = Endpoint(state["ip"]?.AsString(), state["port"]?.AsString()) ?? endpoint;
        var isFinishing = entry != endpoint;
        return new SentinelAnswer(
            endpoint,
            Number(state, "config-epoch"),
            !isFinishing
                && (
                    flags.Contains("o_down", StringComparison.Ordinal)
                    || flags.Contains("failover_in_progress", StringComparison.Ordinal)
                ),
            Endpoints(await sentinels.ConfigureAwait(false), "s_down"),
            Endpoints(followers, "s_down")
        )
        {
            IsFinishing = isFinishing,
            Quorum = (int)Number(state, "quorum"),
            AllSentinels = (int)Number(state, "num-other-sentinels") + 1,
            AllReplicas = [.. Endpoints(followers, exceptFlag: null), .. isFinishing ? (RedisEndpoint[])[entry] : []],
        };
    }

    private static long Number(RedisReply state, string field) =>
        long.TryParse(state[field]?.AsString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : 0;

    private static List<RedisEndpoint> Endpoints(RedisReply list, string? exceptFlag)
    {
        List<RedisEndpoint> endpoints = [];
        foreach (var item in list.Items)
        {
            if (
                (exceptFlag is null || item["flags"]?.AsString().Contains(exceptFlag, StringComparison.Ordinal) != true)
                && Endpoint(item["ip"]?.AsString(), item["port"]?.AsString()) is { } endpoint
            )
            {
                endpoints.Add(endpoint);
            }
        }

        return endpoints;
    }

    private static RedisEndpoint? Endpoint(string? host, string? port) =>
        !string.IsNullOrEmpty(host)
        && int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && number is >= 1 and <= 65535
            ? new RedisEndpoint(host, number)
            : null;
}
