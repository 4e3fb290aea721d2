namespace ClusterSession.Cli.Generating;

/// <summary>A ZooKeeper server.</summary>
/// <param name="Name">Its name in files and logs.</param>
/// <param name="Host">Address or name of its host.</param>
/// <param name="Port">Where clients reach it.</param>
/// <param name="QuorumPort">Where the others reach it while it leads.</param>
/// <param name="ElectionPort">Where they elect the leader.</param>
internal sealed record SiteZooKeeper(string Name, string Host, int Port, int QuorumPort, int ElectionPort)
{
    public string Address => $"{Host}:{Port}";
}
