namespace ClusterSession.Cli.Generating;

/// <summary>The configuration of a Sentinel.</summary>
internal static class SentinelFile
{
    public static GeneratedFile Of(SiteDescription site, SiteSecrets secrets, SiteProcess sentinel)
    {
        var (name, master) = (site.Cluster, site.Candidates[0]);
        return new GeneratedFile(
            $"redis/{sentinel.Name}.conf",
            GeneratedText.Clean(
                $"""
                # {sentinel.Name} of {name}. Sentinel rewrites this file: its unit copies it to
                # {site.DataDirectory}/{sentinel.Name} once.
                {RedisSettings.Listen(site, sentinel.Host, sentinel.Port)}
                dir {site.DataDirectory}/{sentinel.Name}
                # Nodes and the other Sentinels show this password.
                requirepass {secrets.Cluster}
                sentinel sentinel-pass {secrets.Cluster}

                # So many of {site.Sentinels.Count} have to agree that the master is gone.
                sentinel monitor {name} {master.Host} {master.Port} {(site.Sentinels.Count / 2) + 1}
                sentinel auth-user {name} {RedisFiles.SentinelUser}
                sentinel auth-pass {name} {secrets.AgentPassword}
                # A failover takes 1.2 s more than this. With 200 two replicas were masters at once in three trials
                # of four.
                sentinel down-after-milliseconds {name} 1000
                # A failover that does not get on is begun again after twice this.
                sentinel failover-timeout {name} 6000
                # One replica after the other goes over to the new master: one at least can be read.
                sentinel parallel-syncs {name} 1

                """
            ),
            IsSecret: true
        );
    }
}
