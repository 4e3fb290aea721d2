namespace ClusterSession.Cli.Generating;

/// <summary>Units of systemd for what runs on each host.</summary>
internal static class SystemdUnits
{
    private const string StateRoot = "/var/lib/";
    private const string Restart = "test \"$SERVICE_RESULT\" != watchdog || systemctl --no-block try-restart";

    /// <summary>Where the tool is installed.</summary>
    public const string Tool = "/usr/local/bin/cluster-session";

    public static IEnumerable<GeneratedFile> All(SiteDescription site)
    {
        foreach (var redis in site.Redis)
        {
            yield return RedisUnits.Redis(site, redis);
        }

        foreach (var redis in site.Members)
        {
            yield return Agent(site, redis);
        }

        foreach (var redis in site.Addressed)
        {
            yield return KeepalivedFiles.UnitOf(site, redis);
        }

        foreach (var redis in site.ReplicasWithFollower)
        {
            yield return Follower(site, redis);
        }

        foreach (var redis in site.Watched)
        {
            yield return Watcher(site, redis);
        }

        if (site is { HasAgents: true, Voter: { } voter })
        {
            yield return Voter(site, voter);
        }

        foreach (var server in site.ZooKeepers)
        {
            yield return ZooKeeperFiles.Unit(site, site.Ensemble!, server);
        }

        foreach (var sentinel in site.Sentinels)
        {
            yield return RedisUnits.Sentinel(site, sentinel);
        }

        foreach (var node in site.Nodes)
        {
            yield return Node(site, node);
        }

        yield return Nginx(site);
        yield return Haproxy(site, "http", "HAProxy in front of the application, in place of nginx");
        if (site.Traffic == TrafficSwitch.Haproxy)
        {
            yield return Haproxy(site, "redis", "HAProxy that leads to the master");
        }

        if (site.ReplicasThroughHaproxy.Any())
        {
            yield return Haproxy(site, "replication", "HAProxy that a replica follows");
        }
    }

    /// <summary>A unit: the lines of its service, and the part that all units have.</summary>
    public static GeneratedFile Unit(string name, string description, string service) =>
        new(
            $"systemd/{name}.service",
            GeneratedText.Clean(
                $"""
                [Unit]
                Description={description}
                After=network-online.target
                Wants=network-online.target
                # It is tried for ever: without it systemd gives up after five starts in ten seconds.
                StartLimitIntervalSec=0

                [Service]
                {service}
                NoNewPrivileges=yes
                ProtectSystem=full
                ProtectHome=yes
                PrivateTmp=yes

                [Install]
                WantedBy=multi-user.target
                """
            )
        );

    private static GeneratedFile Agent(SiteDescription site, SiteRedis redis) =>
        Unit(
            $"{redis.Name}-agent",
            $"Agent beside {redis.Name}",
            $"""
            # Ready when it listens, which it reports itself.
            Type=notify{(site.Addressed.Contains(redis) ? $"\n{KeepalivedFiles.RunDirectoryLine(site, redis)}" : "")}
            ExecStart={Tool} failover agent --config {site.ConfigDirectory}/agents/{redis.Name}.json{Trust(site)}
            User=redis
            Group=redis
            {StateLine(site, $"{redis.Name}-agent", "redis")}
            # An agent that has not looked at its cluster for a lease's life, or hangs, is ended. Redis is closed by
            # its lease long before. It is started anew all the same, which ends the connections of those who do
            # not look at the lease; it starts closed. The + is for the right to do so.
            WatchdogSec=10s
            ExecStopPost=+/bin/sh -c '{Restart} {redis.Name}.service'
            # It is back before its lease is over.
            Restart=always
            RestartSec=200ms
            """
        );

    private static GeneratedFile Follower(SiteDescription site, SiteRedis redis) =>
        Unit(
            $"{redis.Name}-follower",
            $"Follower beside {redis.Name}",
            $"""
            # Ready when it listens, which it reports itself.
            Type=notify
            ExecStart={Tool} failover follower --config {site.ConfigDirectory}/agents/{redis.Name}.json{Trust(site)}
            # It copies Redis' file aside after a merge.
            User=redis
            Group=redis
            WatchdogSec=10s
            Restart=always
            RestartSec=200ms
            """
        );

    private static GeneratedFile Watcher(SiteDescription site, SiteRedis redis) =>
        Unit(
            $"{redis.Name}-watcher",
            $"Watcher beside {redis.Name}, which decides nothing",
            $"""
            # Ready when it listens, which it reports itself.
            Type=notify
            ExecStart={Tool} sentinel watch --config {site.ConfigDirectory}/agents/{redis.Name}.json
            User=redis
            Group=redis
            # One that has not looked for seconds, or hangs, is ended.
            WatchdogSec=10s
            Restart=always
            RestartSec=200ms
            """
        );

    private static GeneratedFile Voter(SiteDescription site, SiteProcess voter) =>
        Unit(
            voter.Name,
            "Third vote of the coordination store",
            $"""
            Type=notify
            ExecStart={Tool} failover voter --config {site.ConfigDirectory}/agents/{voter.Name}.json{Trust(site)}
            User=redis
            Group=redis
            {StateLine(site, $"{voter.Name}-agent", "redis")}
            WatchdogSec=10s
            Restart=always
            RestartSec=200ms
            """
        );

    /// <summary>
    /// The line of a unit that makes the directory for what a process keeps, for its user.
    /// </summary>
    public static string StateLine(SiteDescription site, string name, string user) =>
        site.DataDirectory.StartsWith(StateRoot, StringComparison.Ordinal)
            ? $"StateDirectory={site.DataDirectory[StateRoot.Length..]}/{name}"
            : $"ExecStartPre=+/usr/bin/install -d -o {user} -g {user} {site.DataDirectory}/{name}";

    private static string Trust(SiteDescription site) =>
        site.Tls is { } tls
            ? "\n# Agents ask each other over TLS, and trust what the system trusts: this authority.\n"
                + $"Environment=SSL_CERT_FILE={tls.Authority}"
            : "";

    private static GeneratedFile Node(SiteDescription site, SiteProcess node) =>
        Unit(
            node.Name,
            $"Node {node.Name} of {site.Cluster}",
            $"""
            # Put the application here, with what application/appsettings.json has.
            WorkingDirectory=/opt/{site.Cluster}
            ExecStart=/usr/bin/dotnet /opt/{site.Cluster}/{site.Cluster}.dll --urls http://{node.Address}
            User=www-data
            # At SIGTERM the node drains: it ends its requests, and sends Redis what only it has. Take it out of the
            # balancer before: nginx/drain.sh, or what haproxy/http.cfg says.
            KillSignal=SIGTERM
            TimeoutStopSec=60s
            Restart=always
            RestartSec=1s
            """
        );

    private static GeneratedFile Nginx(SiteDescription site) =>
        Unit(
            "cluster-session-nginx",
            "nginx in front of the application",
            $"""
            Type=forking
            PIDFile={site.DataDirectory}/nginx/nginx.pid
            # A reload with a mistake in it leaves the running one alone.
            ExecStartPre=/usr/sbin/nginx -t -q -c {site.ConfigDirectory}/nginx/nginx.conf
            ExecStart=/usr/sbin/nginx -c {site.ConfigDirectory}/nginx/nginx.conf
            ExecReload=/usr/sbin/nginx -t -q -c {site.ConfigDirectory}/nginx/nginx.conf
            ExecReload=/bin/kill -HUP $MAINPID
            {StateLine(site, "nginx", "root")}
            # Requests under way are answered.
            KillSignal=SIGQUIT
            TimeoutStopSec=60s
            Restart=always
            RestartSec=1s
            """
        );

    private static GeneratedFile Haproxy(SiteDescription site, string file, string description) =>
        Unit(
            $"cluster-session-haproxy-{file}",
            description,
            $"""
            # With -Ws HAProxy says itself when it is ready.
            Type=notify
            ExecStart=/usr/sbin/haproxy -Ws -f {site.ConfigDirectory}/haproxy/{file}.cfg
            ExecReload=/usr/sbin/haproxy -c -q -f {site.ConfigDirectory}/haproxy/{file}.cfg
            ExecReload=/bin/kill -USR2 $MAINPID
            # Connections that are open end with it: nodes and replicas connect again.
            KillMode=mixed
            TimeoutStopSec=5s
            SuccessExitStatus=143
            {StateLine(site, "haproxy", "haproxy")}
            # No more rights than a port below 1024 takes.
            User=haproxy
            Group=haproxy
            AmbientCapabilities=CAP_NET_BIND_SERVICE
            Restart=always
            RestartSec=200ms
            """
        );
}
