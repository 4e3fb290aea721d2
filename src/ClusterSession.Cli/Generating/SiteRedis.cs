namespace ClusterSession.Cli.Generating;

/// <summary>A Redis, and its agent.</summary>
/// <param name="Name">Its name in files, logs and commands.</param>
/// <param name="Host">Address or name of its host.</param>
/// <param name="Port">Where Redis listens.</param>
/// <param name="AgentPort">Where its agent listens; null: it has none.</param>
internal sealed record SiteRedis(string Name, string Host, int Port, int? AgentPort)
{
    public string Address => $"{Host}:{Port}";

    public string AgentAddress => $"{Host}:{AgentPort}";

    /// <summary>
    /// Where its follower listens, which has it follow without a vote; null: it has none.
    /// </summary>
    public int? FollowerPort { get; init; }

    public string FollowerAddress => $"{Host}:{FollowerPort}";
}
