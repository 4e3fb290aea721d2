namespace ClusterSession.Cli.Generating;

/// <summary>What every Redis of a site has in its configuration, with every switch.</summary>
internal static class RedisSettings
{
    public static string Of(SiteDescription site, SiteRedis redis) =>
        $"""
            # Redis 6.2 or later, {redis.Name} of {site.Cluster}.
            {Listen(site, redis.Host, redis.Port, site.Addressed.Contains(redis) ? site.Virtual : null)}
            dir {site.DataDirectory}/{redis.Name}

            # What was acknowledged survives a crash of the process, and all but the last second one of the host.
            appendonly yes
            appendfsync everysec
            aof-use-rdb-preamble yes

            # A full Redis refuses writes, which nodes keep in their journals. Any other policy evicts sessions that
            # are in use. Copying to a replica and saving take memory beyond this.
            maxmemory {site.MaxMemory}
            maxmemory-policy noeviction

            # A broken link between master and replica is noticed after ten seconds instead of sixty. A ping has to
            # come more often than that.
            repl-timeout 10
            repl-ping-replica-period 3
            # A replica that was away for a short time gets what it missed, and not all data anew.
            repl-backlog-size 64mb
            # A replica that cannot keep up is not cut off during a burst.
            client-output-buffer-limit replica 256mb 128mb 60

            # Above this many keys in use Redis tells nodes to forget copies that nobody has changed.
            tracking-table-max-keys {site.SessionCount}
            # Sessions stay in the compact form: 1,029 bytes instead of 1,790 for one of 500 bytes in 10 attributes.
            # Since 7.0 it is called hash-max-listpack-value; this name goes with both.
            hash-max-ziplist-value 512

            """;

    /// <summary>Of Redis and Sentinel.</summary>
    public static string Listen(SiteDescription site, string host, int port, SiteAddress? address = null)
    {
        var (virtualNote, virtualHost) = address is null
            ? ("", "")
            : (
                "# The last one is there only while this is the master's host: ip_nonlocal_bind in its unit.\n",
                $" {address.Address}"
            );
        var where = $"""
            {virtualNote}bind {(site.IsInPods ? "* -::*" : host)}{(
                site.IsInPods || host == "127.0.0.1" ? "" : " 127.0.0.1"
            )}{virtualHost}
            # Each user has a password. Protected mode looks at "default" alone.
            protected-mode no
            """;
        return site.Tls is not { } tls
            ? $"port {port}\n{where}"
            : $"""
                # TLS only. Clients show passwords and no certificates; the connections to other servers are TLS too.
                port 0
                tls-port {port}
                tls-ca-cert-file {tls.Authority}
                tls-cert-file {tls.Certificate}
                tls-key-file {tls.Key}
                tls-auth-clients no
                tls-replication yes
                {where}
                """;
    }
}
