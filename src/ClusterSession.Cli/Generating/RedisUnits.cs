namespace ClusterSession.Cli.Generating;

/// <summary>Units of Redis and of Sentinels.</summary>
internal static class RedisUnits
{
    private const string NonlocalBind = """

        # Redis listens on the virtual address before that is on this host. The + is for the right to allow it.
        ExecStartPre=+/sbin/sysctl -q -w net.ipv4.ip_nonlocal_bind=1
        """;

    public static GeneratedFile Redis(SiteDescription site, SiteRedis redis)
    {
        var (copy, file) = Copied(site, redis.Name);
        var (made, state) = Directory(site, redis.Name);
        return SystemdUnits.Unit(
            redis.Name,
            $"Redis {redis.Name} of {site.Cluster}",
            $"""
            # Ready when Redis has loaded its data, which it reports itself.
            Type=notify{made}{copy}{Merge(site, redis)}{(site.Addressed.Contains(redis) ? NonlocalBind : "")}
            ExecStart=/usr/bin/redis-server {file} --supervised systemd --daemonize no
            User=redis
            Group=redis
            {state}
            # Loading takes as long as it takes; a Redis that is killed while it loads never comes up.
            TimeoutStartSec=infinity
            # It saves what it has and ends; killed before, it would come back older.
            TimeoutStopSec=5min
            Restart=always
            RestartSec=1s
            LimitNOFILE=65536
            # The kernel ends other processes first where memory is short.
            OOMScoreAdjust=-900
            """
        );
    }

    public static GeneratedFile Sentinel(SiteDescription site, SiteProcess sentinel)
    {
        var (copy, file) = Copied(site, sentinel.Name);
        var (made, state) = Directory(site, sentinel.Name);
        return SystemdUnits.Unit(
            sentinel.Name,
            $"Sentinel {sentinel.Name} of {site.Cluster}",
            $"""
            Type=notify{made}{copy}
            ExecStart=/usr/bin/redis-sentinel {file} --supervised systemd --daemonize no
            User=redis
            Group=redis
            {state}
            Restart=always
            RestartSec=1s
            """
        );
    }

    /// <summary>
    /// The line of a unit that makes the directory of a process. <c>State</c> has it where systemd
    /// makes the directory. <c>Made</c> has it where a command does: that command has to come
    /// before the one that copies into the directory.
    /// </summary>
    private static (string Made, string State) Directory(SiteDescription site, string name)
    {
        var state = SystemdUnits.StateLine(site, name, "redis");
        return state.StartsWith("ExecStartPre=", StringComparison.Ordinal) ? ($"\n{state}", "") : ("", state);
    }

    /// <summary>The file with which a Redis is started.</summary>
    public static string ConfigOf(SiteDescription site, SiteRedis redis) => Copied(site, redis.Name).File;

    private static string Merge(SiteDescription site, SiteRedis redis) =>
        site.Traffic != TrafficSwitch.Sentinel
            ? ""
            : $"""

                # Sentinel makes a master that returns a replica, which wipes what only it has. So that is merged into
                # the present master before the port opens; where that fails Redis does not start, and its files stay.
                ExecStartPre={SystemdUnits.Tool} sentinel merge --config {site.ConfigDirectory}/agents/{redis.Name}.json
                """;

    /// <summary>Sentinel rewrites the files of all whom it switches.</summary>
    private static (string Copy, string File) Copied(SiteDescription site, string name)
    {
        var installed = $"{site.ConfigDirectory}/redis/{name}.conf";
        var own = $"{site.DataDirectory}/{name}/{name}.conf";
        return site.Traffic != TrafficSwitch.Sentinel
            ? ("", installed)
            : (
                $"""

                # Sentinel rewrites the file, who is master above all: it is copied at the first start only. To use
                # a new one, remove the copy.
                ExecStartPre=/bin/sh -c 'test -e {own} || install -m 600 {installed} {own}'
                """,
                own
            );
    }
}
