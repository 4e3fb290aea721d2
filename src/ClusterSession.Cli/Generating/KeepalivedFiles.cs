namespace ClusterSession.Cli.Generating;

/// <summary>
/// keepalived on the hosts of candidates: an address that follows the agents' lease, or that it
/// moves as it sees fit.
/// </summary>
internal static class KeepalivedFiles
{
    /// <summary>Where the agent says to keepalived whether its Redis is the open master.</summary>
    public static string TrackFile(SiteDescription site, string redis) => $"{site.RunDirectory}/{redis}/lease";

    /// <summary>The directory of the notices, where keepalived alone decides.</summary>
    public static string NoticeDirectory(SiteDescription site, SiteRedis redis) =>
        $"{site.DataDirectory}/{redis.Name}-notify";

    public static GeneratedFile Of(SiteDescription site, SiteRedis redis) =>
        new(
            $"keepalived/{redis.Name}.conf",
            GeneratedText.Clean(site.IsAlone ? KeepalivedText.Alone(site, redis) : KeepalivedText.Led(site, redis))
        );

    /// <summary>What keepalived runs every second.</summary>
    public static GeneratedFile Check(SiteDescription site, SiteRedis redis)
    {
        var tls = site.Tls is { } files ? $" --tls --cacert {files.Authority} --sni {files.Name}" : "";
        var ping = $"timeout 0.5 redis-cli -h {redis.Host} -p {redis.Port}{tls} ping >/dev/null";
        return new GeneratedFile(
            $"keepalived/{redis.Name}.sh",
            GeneratedText.Clean(
                site.IsAlone
                    ? $$"""
                    # keepalived runs it every second: whether {{redis.Name}} answers.
                    set -eu
                    # What keepalived has said last is the work of one process. If that was killed, another one goes on.
                    for notice in {{NoticeDirectory(site, redis)}}/notice_*; do
                        if test -e "$notice" && flock -n {{NoticeDirectory(site, redis)}}/lock true; then
                            setsid /bin/sh {{NotifyFile(site, redis)}} again &
                        fi
                    done
                    # Any answer will do, NOAUTH as well: also a Redis that is closed can be opened.
                    {{ping}}
                    """
                    : $$"""
                    # Run by keepalived every second: whether the agent of {{redis.Name}} writes, and its Redis answers.
                    set -eu
                    written=$(stat -c %Y {{TrackFile(site, redis.Name)}})
                    # The agent writes every second.
                    test $(($(date +%s) - written)) -le 2
                    # Any answer will do, NOAUTH as well: whether it is the master is the agent's to say.
                    {{ping}}
                    """
            )
        );
    }

    /// <summary>What keepalived runs at each change where it alone decides.</summary>
    public static GeneratedFile Notify(SiteDescription site, SiteRedis redis) =>
        new(
            $"keepalived/{redis.Name}-notify.sh",
            GeneratedText.Clean(
                $"""
                # keepalived runs it with master, backup, fault or stop, and the check of each second with again.
                # docs/how-to/keepalived-alone.md. exec: when keepalived has started it says which one is the last.
                umask 077
                mkdir -p {NoticeDirectory(site, redis)}
                exec {SystemdUnits.Tool} failover notify "$1" \
                    --config {site.ConfigDirectory}/agents/{redis.Name}.json >>{NoticeDirectory(site, redis)}/log 2>&1
                """
            )
        );

    /// <summary>The path of that script on its host.</summary>
    public static string NotifyFile(SiteDescription site, SiteRedis redis) =>
        $"{site.ConfigDirectory}/keepalived/{redis.Name}-notify.sh";

    public static GeneratedFile UnitOf(SiteDescription site, SiteRedis redis)
    {
        var address = site.Virtual!;
        var conf = $"{site.ConfigDirectory}/keepalived/{redis.Name}.conf";
        var pids = $"/run/{redis.Name}-keepalived";
        var remove = $"/sbin/ip address del {address.Address}/{address.PrefixLength} dev {address.Interface}";
        var close = site.IsAlone
            ? $"""

                # And its notify command was killed with it: the Redis is closed.
                ExecStopPost=-/bin/sh {NotifyFile(site, redis)} stop
                """
            : "";
        return SystemdUnits.Unit(
            $"{redis.Name}-keepalived",
            $"keepalived beside {redis.Name}",
            $"""
            {(
                site.IsAlone
                    ? SystemdUnits.StateLine(site, $"{redis.Name}-notify", "root")
                    : RunDirectoryLine(site, redis)
            )}
            ExecStartPre=/usr/sbin/keepalived -t -f {conf}
            ExecStart=/usr/sbin/keepalived --dont-fork --log-console -p {pids}.pid -r {pids}-vrrp.pid -f {conf}
            ExecReload=/usr/sbin/keepalived -t -f {conf}
            ExecReload=/bin/kill -HUP $MAINPID
            # A keepalived that was killed leaves the address behind, and two hosts would have it.
            ExecStopPost=-{remove}{close}
            KillMode=mixed
            Restart=always
            RestartSec=200ms
            """
        );
    }

    /// <summary>
    /// The line of a unit that makes the directory of the tracked file, for the agent's user. The
    /// agent or keepalived may start first, and keepalived watches the directory.
    /// </summary>
    public static string RunDirectoryLine(SiteDescription site, SiteRedis redis) =>
        $"ExecStartPre=+/usr/bin/install -d -o redis -g redis {site.RunDirectory}/{redis.Name}";
}
