namespace ClusterSession.Cli.Generating;

/// <summary>The ZooKeeper servers in which the agents of a site agree.</summary>
/// <param name="Servers">The servers.</param>
/// <param name="Path">The node below which everything of this site is kept.</param>
internal sealed record SiteEnsemble(IReadOnlyList<SiteZooKeeper> Servers, string Path)
{
    /// <summary>How agents connect, without the password.</summary>
    public string Coordinator => $"zookeeper={string.Join(',', Servers.Select(server => server.Address))}{Path}";
}
