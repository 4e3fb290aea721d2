using System.Text.RegularExpressions;
using ClusterSession.Cli.Shell;

namespace ClusterSession.Cli.Generating;

/// <summary>
/// Checks that the coordination store fits the rest of the description. Either the site describes
/// ZooKeeper servers of its own, or it names a store that runs already.
/// </summary>
internal static partial class CoordinatorRules
{
    /// <summary>The key that names a store that runs already.</summary>
    public const string Key = "coordinator";

    /// <summary>What its value has to be. The agents read it, and say what else is wrong.</summary>
    public const string Expected =
        "etcd=https://h1:2379,https://h2:2379/path or zookeeper=h1:2181,h2:2181/path, perhaps with ,user=... and no "
        + "password, which stands among the secrets";

    private const string ZooKeeper = "zookeeper";

    /// <summary>Where a server listens.</summary>
    public static IEnumerable<string> Addresses(SiteZooKeeper server) =>
        [server.Address, $"{server.Host}:{server.QuorumPort}", $"{server.Host}:{server.ElectionPort}"];

    /// <summary>Whether it names a store, and has no secret.</summary>
    public static bool IsConnection(string text) =>
        Connection().IsMatch(text) && !text.Contains("password", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether it is ZooKeeper.</summary>
    public static bool IsZooKeeper(string connection) =>
        connection.StartsWith($"{ZooKeeper}=", StringComparison.Ordinal);

    /// <summary>Whether it names a user.</summary>
    public static bool HasUser(string connection) => connection.Contains(",user=", StringComparison.Ordinal);

    /// <exception cref="ToolException">They contradict each other.</exception>
    public static void Check(SiteDescription site, YamlReader yaml)
    {
        if (site.Coordinator is null)
        {
            return;
        }

        var key = site.Ensemble is null ? Key : ZooKeeper;
        if (site.Ensemble is not null && yaml.Has(Key))
        {
            throw yaml.Refusal(Key, "does not go with zookeeper: agents agree in one store.", "Leave one of them out.");
        }

        if (!site.HasAgents)
        {
            throw yaml.Refusal(
                key,
                "describes servers that nobody asks: no agents decide here.",
                "Write switch: haproxy or keepalived, or leave it out."
            );
        }

        if (site.Voter is not null)
        {
            throw yaml.Refusal("voter", $"does not go with {key}, whose servers vote.", "Leave it out.");
        }

        if (site.Ensemble is { } ensemble)
        {
            CheckServers(site, ensemble, yaml);
        }
    }

    private static void CheckServers(SiteDescription site, SiteEnsemble ensemble, YamlReader yaml)
    {
        if (site.Tls is not null)
        {
            throw yaml.Refusal(
                "tls",
                "is not written for ZooKeeper, whose servers want key stores.",
                $"Set up its TLS by hand (docs/operations/zookeeper.md), and name it by {Key} in place of zookeeper."
            );
        }

        if (ensemble.Servers.Count % 2 == 0)
        {
            throw yaml.Refusal(
                ZooKeeper,
                $"names {ensemble.Servers.Count} servers.",
                "Name one for a trial, and three or five otherwise, each on a host of its own: they decide by majority."
            );
        }
    }

    [GeneratedRegex("^(etcd=https?://|zookeeper=)[^\\s\"\\\\]+$")]
    private static partial Regex Connection();
}
