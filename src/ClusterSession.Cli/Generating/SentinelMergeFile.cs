using System.Text.Json.Nodes;
using ClusterSession.Cli.Watching;

namespace ClusterSession.Cli.Generating;

/// <summary>
/// The settings of one Redis where Sentinel decides. The merge that its unit runs before it starts
/// that Redis reads them, and so does the watcher of that Redis.
/// </summary>
internal static class SentinelMergeFile
{
    public static GeneratedFile Of(SiteDescription site, SiteSecrets secrets, SiteRedis redis)
    {
        var settings = new JsonObject
        {
            ["Redis"] = AgentFiles.SentinelConnection(site, secrets), // It needs no more rights than nodes have.
            ["RedisAddress"] = redis.Address,
            ["RedisConfig"] = RedisUnits.ConfigOf(site, redis),
            ["KeyPrefix"] = site.KeyPrefix,
            ["IdleTimeout"] = site.IdleTimeout,
            ["TicketLife"] = site.TicketLife,
        };
        var sections = SentinelSection.Name.Split(':');
        var root = new JsonObject { [sections[0]] = new JsonObject { [sections[1]] = settings } };
        var isWatched = site.Watched.Contains(redis);
        if (isWatched)
        {
            AgentFiles.Listen(root, site, redis.Host, redis.AgentPort!.Value);
        }

        return AgentFiles.File(
            $"agents/{redis.Name}.json",
            $"What is merged before {redis.Name} is started{(isWatched ? ", and its watcher" : "")}: "
                + "docs/operations/sentinel.md.",
            root
        );
    }
}
