using System.Security.Cryptography;

namespace ClusterSession.Cli.Generating;

/// <summary>What only the processes of the site may know.</summary>
/// <param name="Cluster">Who has it may command the cluster; with Sentinel, its password.</param>
/// <param name="AgentPassword">Of the user of agents, or of Sentinels, in each Redis.</param>
/// <param name="ApplicationPassword">Of the application's user in each Redis.</param>
/// <param name="ReplicationPassword">Of the user by which a replica without agent follows.</param>
/// <param name="ReaderPassword">Of the user that reads from such a replica.</param>
/// <param name="ZooKeeperPassword">Of the agents' user in ZooKeeper; empty: there is none.</param>
internal sealed record SiteSecrets(
    string Cluster,
    string AgentPassword,
    string ApplicationPassword,
    string ReplicationPassword,
    string ReaderPassword,
    string ZooKeeperPassword
)
{
    /// <summary>Of sites with ZooKeeper alone: files of others need not have it.</summary>
    public const string ZooKeeperKey = "zooKeeperPassword";

    private const int Bytes = 24;

    /// <summary>The keys of the file, and the variables that go before them.</summary>
    public static IReadOnlyList<(string Key, string Variable)> Names { get; } =
    [
        ("cluster", "CLUSTERSESSION_SECRET"),
        ("agentPassword", "CLUSTERSESSION_AGENT_PASSWORD"),
        ("applicationPassword", "CLUSTERSESSION_REDIS_PASSWORD"),
        ("replicationPassword", "CLUSTERSESSION_REPLICATION_PASSWORD"),
        ("readerPassword", "CLUSTERSESSION_READER_PASSWORD"),
        (ZooKeeperKey, "CLUSTERSESSION_ZOOKEEPER_PASSWORD"),
    ];

    /// <summary>Secrets that nobody has guessed yet.</summary>
    public static SiteSecrets New() => From(_ => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Bytes)));

    /// <summary>Asks for each of <see cref="Names"/>.</summary>
    public static SiteSecrets From(Func<(string Key, string Variable), string> ask) =>
        Names.Select(ask).ToArray()
            is [var cluster, var agent, var application, var replication, var reader, var zooKeeper]
            ? new SiteSecrets(cluster, agent, application, replication, reader, zooKeeper)
            : throw new InvalidOperationException("Names and parameters differ.");

    /// <summary>As the file holds them.</summary>
    public string ToYaml() =>
        string.Concat(
            Names
                .Zip([
                    Cluster,
                    AgentPassword,
                    ApplicationPassword,
                    ReplicationPassword,
                    ReaderPassword,
                    ZooKeeperPassword,
                ])
                .Select(pair => $"{pair.First.Key}: {pair.Second}\n")
        );
}
