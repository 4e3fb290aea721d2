using System.Globalization;

namespace ClusterSession.Cli.Generating;

/// <summary>Configuration and units of a site's ZooKeeper servers.</summary>
internal static class ZooKeeperFiles
{
    /// <summary>Debian's package has them; its own start script reads another file.</summary>
    private const string Jars = "/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar";

    public static GeneratedFile Of(SiteDescription site, SiteEnsemble ensemble, SiteZooKeeper server) =>
        new(
            $"zookeeper/{server.Name}.cfg",
            GeneratedText.Clean(
                $"""
                # {server.Name} of {site.Cluster}: number {NumberOf(ensemble, server)} of {ensemble.Servers.Count}.
                # An ensemble that runs already needs none of this but tickTime: agents hold a lease of 3 s (Ttl),
                # and no session is shorter than two ticks or longer than twenty.
                tickTime=500
                # In ticks: a follower that starts has 10 s for the data, and one that hangs is left after 5 s.
                initLimit=20
                syncLimit=10
                dataDir={Data(site, server)}
                clientPort={server.Port}
                clientPortAddress={server.Host}
                # Each renewal of a lease is a connection, and all agents of a host count together.
                maxClientCnxns=0
                # Every look of an agent is written to the log: without this it grows for ever.
                autopurge.purgeInterval=1
                autopurge.snapRetainCount=3
                admin.enableServer=false
                {Members(ensemble)}

                """
            )
        );

    public static GeneratedFile Unit(SiteDescription site, SiteEnsemble ensemble, SiteZooKeeper server) =>
        SystemdUnits.Unit(
            server.Name,
            $"ZooKeeper {server.Name} of {site.Cluster}",
            $"""
            {SystemdUnits.StateLine(site, server.Name, "zookeeper")}
            # Its number in the ensemble, where it looks for it.
            ExecStartPre=/bin/sh -c 'echo {NumberOf(ensemble, server)} > {Data(site, server)}/myid'
            ExecStart=/usr/bin/java -Xmx256m -cp {Jars} \
                org.apache.zookeeper.server.quorum.QuorumPeerMain {site.ConfigDirectory}/zookeeper/{server.Name}.cfg
            User=zookeeper
            Group=zookeeper
            # Java ends so at SIGTERM.
            SuccessExitStatus=143
            Restart=always
            RestartSec=1s
            """
        );

    private static string Data(SiteDescription site, SiteZooKeeper server) => $"{site.DataDirectory}/{server.Name}";

    private static int NumberOf(SiteEnsemble ensemble, SiteZooKeeper server) =>
        ensemble.Servers.Index().First(pair => pair.Item == server).Index + 1;

    private static string Members(SiteEnsemble ensemble) =>
        ensemble.Servers.Count == 1
            ? ""
            : string.Join(
                '\n',
                ensemble.Servers.Select(server =>
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"server.{NumberOf(ensemble, server)}={server.Host}:{server.QuorumPort}:{server.ElectionPort}"
                    )
                )
            );
}
