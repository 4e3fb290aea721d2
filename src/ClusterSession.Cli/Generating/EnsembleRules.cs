namespace ClusterSession.Cli.Generating;

/// <summary>What a ZooKeeper ensemble and the rest of a description must be together.</summary>
internal static class EnsembleRules
{
    /// <summary>Where a server listens.</summary>
    public static IEnumerable<string> Addresses(SiteZooKeeper server) =>
        [server.Address, $"{server.Host}:{server.QuorumPort}", $"{server.Host}:{server.ElectionPort}"];

    /// <exception cref="ToolException">They contradict each other.</exception>
    public static void Check(SiteDescription site, YamlReader yaml)
    {
        if (site.Ensemble is not { } ensemble)
        {
            return;
        }

        if (!site.HasAgents)
        {
            throw yaml.Refusal(
                "zookeeper",
                "describes servers that nobody asks: no agents decide here.",
                "Write switch: haproxy or keepalived, or leave it out."
            );
        }

        if (site.Voter is not null)
        {
            throw yaml.Refusal("voter", "does not go with zookeeper, whose servers vote.", "Leave it out.");
        }

        if (site.Tls is not null)
        {
            throw yaml.Refusal(
                "tls",
                "is not written for ZooKeeper, whose servers want key stores.",
                "Leave zookeeper out here, and set up its TLS and the agents' Coordinator by hand "
                    + "(docs/operations/zookeeper.md)."
            );
        }

        if (ensemble.Servers.Count % 2 == 0)
        {
            throw yaml.Refusal(
                "zookeeper",
                $"names {ensemble.Servers.Count} servers.",
                "Name one for a trial, and three or five otherwise, each on a host of its own: they decide by majority."
            );
        }
    }
}
