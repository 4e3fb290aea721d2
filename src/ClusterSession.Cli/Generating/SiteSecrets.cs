using System.Security.Cryptography;

namespace ClusterSession.Cli.Generating;

/// <summary>What only the processes of the site may know.</summary>
/// <param name="Cluster">Who has it may command the cluster; with Sentinel, its password.</param>
/// <param name="AgentPassword">Of the user of agents, or of Sentinels, in each Redis.</param>
/// <param name="ApplicationPassword">Of the application's user in each Redis.</param>
/// <param name="ReplicationPassword">Of the user by which a replica without agent follows.</param>
/// <param name="ReaderPassword">Of the user that reads from such a replica.</param>
/// <param name="CoordinatorPassword">Of the agents' user in ZooKeeper or etcd; empty: there is
/// none.</param>
internal sealed record SiteSecrets(
    string Cluster,
    string AgentPassword,
    string ApplicationPassword,
    string ReplicationPassword,
    string ReaderPassword,
    string CoordinatorPassword
)
{
    /// <summary>
    /// Only of sites whose agents log in at ZooKeeper or etcd: files of others need not have it.
    /// </summary>
    public const string CoordinatorKey = "coordinatorPassword";

    private const int Bytes = 24;

    /// <summary>The keys of the file, and the variables that override them.</summary>
    public static IReadOnlyList<(string Key, string Variable)> Names { get; } =
    [
        ("cluster", "CLUSTERSESSION_SECRET"),
        ("agentPassword", "CLUSTERSESSION_AGENT_PASSWORD"),
        ("applicationPassword", "CLUSTERSESSION_REDIS_PASSWORD"),
        ("replicationPassword", "CLUSTERSESSION_REPLICATION_PASSWORD"),
        ("readerPassword", "CLUSTERSESSION_READER_PASSWORD"),
        (CoordinatorKey, "CLUSTERSESSION_COORDINATOR_PASSWORD"),
    ];

    /// <summary>Secrets that nobody has guessed yet.</summary>
    public static SiteSecrets New() => From(_ => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Bytes)));

    /// <summary>Asks for each of <see cref="Names"/>.</summary>
    public static SiteSecrets From(Func<(string Key, string Variable), string> ask) =>
        Names.Select(ask).ToArray()
            is [var cluster, var agent, var application, var replication, var reader, var coordinator]
            ? new SiteSecrets(cluster, agent, application, replication, reader, coordinator)
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
                    CoordinatorPassword,
                ])
                .Select(pair => $"{pair.First.Key}: {pair.Second}\n")
        );
}
