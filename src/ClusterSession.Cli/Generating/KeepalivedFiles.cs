namespace ClusterSession.Cli.Generating;

/// <summary>
/// keepalived on the hosts of candidates: an address that follows the agents' lease.
/// </summary>
internal static class KeepalivedFiles
{
    /// <summary>Where the agent says to keepalived whether its Redis is the open master.</summary>
    public static string TrackFile(SiteDescription site, string redis) => $"{site.RunDirectory}/{redis}/lease";

    public static GeneratedFile Of(SiteDescription site, SiteRedis redis)
    {
        var address = site.Virtual!;
        var others = site.Addressed.Where(one => one != redis).Select(one => $"        {one.Host}\n");
        return new GeneratedFile(
            $"keepalived/{redis.Name}.conf",
            GeneratedText.Clean(
                $$"""
                # keepalived 2.2 or later, on the host of {{redis.Name}}. It decides nothing: the address is where the
                # agents' lease is. docs/operations/keepalived.md says what each line is for.
                global_defs {
                    router_id {{redis.Name}}
                    # Of version 3 for adverts of less than a second.
                    vrrp_version 3
                    enable_script_security
                    script_user root
                    # Who has a wrong host for the address, since somebody else claimed it, learns better.
                    vrrp_garp_master_refresh 1
                }

                # One number: what the agent knows of its lease. -254 is FAULT, under which a host never has the
                # address; a later lease has a higher one.
                track_file lease {
                    file {{TrackFile(site, redis.Name)}}
                    weight 1
                }

                # For an agent that is dead and has left a number behind, and a Redis that hangs with it.
                vrrp_script alive {
                    script "/bin/sh {{site.ConfigDirectory}}/keepalived/{{redis.Name}}.sh"
                    interval 1
                    timeout 1
                    fall 2
                    rise 1
                    # Nobody has the address before the first look.
                    init_fail
                }

                vrrp_instance {{site.Cluster}} {
                    # Alike on all hosts, without nopreempt: the number decides, and the lease keeps it from
                    # going to and fro.
                    state BACKUP
                    priority 1
                    interface {{address.Interface}}
                    virtual_router_id {{address.RouterId}}
                    # The next host takes over after three adverts that did not come.
                    advert_int 0.1
                    # Only between these hosts: no multicast, and nobody else's adverts.
                    unicast_src_ip {{redis.Host}}
                    unicast_peer {
                {{string.Concat(others)}}    }
                    virtual_ipaddress {
                        {{address.Address}}/{{address.PrefixLength}} dev {{address.Interface}}
                    }
                    track_file {
                        lease
                    }
                    track_script {
                        alive
                    }
                }
                """
            )
        );
    }

    /// <summary>What keepalived runs every second.</summary>
    public static GeneratedFile Check(SiteDescription site, SiteRedis redis)
    {
        var tls = site.Tls is { } files ? $" --tls --cacert {files.Authority} --sni {files.Name}" : "";
        return new GeneratedFile(
            $"keepalived/{redis.Name}.sh",
            GeneratedText.Clean(
                $$"""
                # keepalived runs it every second: whether the agent of {{redis.Name}} writes, and its Redis answers.
                set -eu
                written=$(stat -c %Y {{TrackFile(site, redis.Name)}})
                # The agent writes every second.
                test $(($(date +%s) - written)) -le 2
                # Any answer will do, NOAUTH as well: whether it is the master is the agent's to say.
                timeout 0.5 redis-cli -h {{redis.Host}} -p {{redis.Port}}{{tls}} ping >/dev/null
                """
            )
        );
    }

    public static GeneratedFile UnitOf(SiteDescription site, SiteRedis redis)
    {
        var address = site.Virtual!;
        var conf = $"{site.ConfigDirectory}/keepalived/{redis.Name}.conf";
        var pids = $"/run/{redis.Name}-keepalived";
        var remove = $"/sbin/ip address del {address.Address}/{address.PrefixLength} dev {address.Interface}";
        return SystemdUnits.Unit(
            $"{redis.Name}-keepalived",
            $"keepalived beside {redis.Name}",
            $"""
            {RunDirectory(site, redis)}
            ExecStartPre=/usr/sbin/keepalived -t -f {conf}
            ExecStart=/usr/sbin/keepalived --dont-fork --log-console -p {pids}.pid -r {pids}-vrrp.pid -f {conf}
            ExecReload=/usr/sbin/keepalived -t -f {conf}
            ExecReload=/bin/kill -HUP $MAINPID
            # A keepalived that was killed leaves the address behind, and two hosts would have it.
            ExecStopPost=-{remove}
            KillMode=mixed
            Restart=always
            RestartSec=200ms
            """
        );
    }

    /// <summary>
    /// Of the agent's user, and made by whom comes first: keepalived watches the directory.
    /// </summary>
    public static string RunDirectory(SiteDescription site, SiteRedis redis) =>
        $"ExecStartPre=+/usr/bin/install -d -o redis -g redis {site.RunDirectory}/{redis.Name}";
}
