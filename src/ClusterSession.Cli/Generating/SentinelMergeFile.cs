using System.Text.Json.Nodes;
using ClusterSession.Cli.Sentinels;

namespace ClusterSession.Cli.Generating;

/// <summary>What the unit of a Redis reads before it starts it, where Sentinel decides.</summary>
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
        var sections = SentinelMergeSettings.Section.Split(':');
        return AgentFiles.File(
            $"agents/{redis.Name}.json",
            $"What is merged before {redis.Name} is started: docs/operations/sentinel.md.",
            new JsonObject { [sections[0]] = new JsonObject { [sections[1]] = settings } }
        );
    }
}
