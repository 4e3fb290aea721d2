using ClusterSession.Failover.Tracking;

namespace ClusterSession.Cli.Generating;

/// <summary>The two configurations of keepalived: led by agents, and deciding alone.</summary>
internal static class KeepalivedText
{
    /// <summary>The address follows the lease of the agents.</summary>
    public static string Led(SiteDescription site, SiteRedis redis) =>
        $$"""
            # keepalived 2.2.3 or later, on the host of {{redis.Name}}. It decides nothing: the address is where the
            # agents' lease is. docs/operations/keepalived.md says what each line is for.
            global_defs {
                router_id {{redis.Name}}
                # Of version 3 for adverts of less than a second.
                vrrp_version 3
                enable_script_security
                script_user root
                # A machine that has a wrong host for the address, since another claimed it, learns better.
                vrrp_garp_master_refresh 1
            }

            # One number: what the agent knows of its lease. -254 is FAULT, under which a host never has the
            # address; a later lease has a higher one.
            track_file lease {
                file {{KeepalivedFiles.TrackFile(site, redis.Name)}}
                weight 1
            }

            # For an agent that is dead and has left a number behind, and a Redis that hangs with it.
            vrrp_script alive {
                script "/bin/sh {{site.ConfigDirectory}}/keepalived/{{redis.Name}}.sh"
                interval 1
                # A host that is slow is not dead, and its agent takes the address away where that is due.
                timeout 5
                fall 2
                rise 1
                # Nobody has the address before the first look.
                init_fail
            }

            vrrp_instance {{site.Cluster}} {
                # Alike on all hosts, without nopreempt: the number decides, and the lease keeps it from
                # going to and fro.
                state BACKUP
                # With the number 151 to 250. At 1 a host would wait almost another advert before it takes
                # over: (256 - priority) / 256 of advert_int.
                priority {{TrackFile.BasePriority}}
                interface {{site.Virtual!.Interface}}
                virtual_router_id {{site.Virtual.RouterId}}
                # The next master's host is the only one that leaves FAULT: it takes over after one advert
                # that did not come, where keepalived would wait for three.
                advert_int 0.1
                down_timer_adverts 1
                # Only between these hosts: no multicast, and nobody else's adverts.
                unicast_src_ip {{redis.Host}}
                unicast_peer {
                    {{Peers(site, redis)}}
                }
                virtual_ipaddress {
                    {{site.Virtual.Address}}/{{site.Virtual.PrefixLength}} dev {{site.Virtual.Interface}}
                }
                track_file {
                    lease
                }
                track_script {
                    alive
                }
            }
            """;

    /// <summary>keepalived decides, and says so by its notify commands.</summary>
    public static string Alone(SiteDescription site, SiteRedis redis) =>
        $$"""
            # keepalived 2.2 or later, on the host of {{redis.Name}}. It alone decides which host has the address, and
            # says so to the Redis of its host. docs/how-to/keepalived-alone.md says what that costs.
            global_defs {
                router_id {{redis.Name}}
                # Of version 3 for adverts of less than a second.
                vrrp_version 3
                enable_script_security
                script_user root
                # A machine that has a wrong host for the address, since another claimed it, learns better.
                vrrp_garp_master_refresh 1
            }

            # A Redis that is dead or hangs.
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
                # Alike on both hosts: a host that returns stays backup, and its data is merged before it matters again.
                # Where both had the address, the one with the higher IP address keeps it.
                state BACKUP
                nopreempt
                priority 100
                interface {{site.Virtual!.Interface}}
                virtual_router_id {{site.Virtual.RouterId}}
                # The other host takes over after three adverts that did not come.
                advert_int 0.1
                # Only between these hosts: no multicast, and nobody else's adverts.
                unicast_src_ip {{redis.Host}}
                unicast_peer {
                    {{Peers(site, redis)}}
                }
                virtual_ipaddress {
                    {{site.Virtual.Address}}/{{site.Virtual.PrefixLength}} dev {{site.Virtual.Interface}}
                }
                track_script {
                    alive
                }
                notify_master "/bin/sh {{KeepalivedFiles.NotifyFile(site, redis)}} master"
                # Closes, merges, then follows. keepalived waits for none of these.
                notify_backup "/bin/sh {{KeepalivedFiles.NotifyFile(site, redis)}} backup"
                notify_fault "/bin/sh {{KeepalivedFiles.NotifyFile(site, redis)}} fault"
                notify_stop "/bin/sh {{KeepalivedFiles.NotifyFile(site, redis)}} stop"
            }
            """;

    private static string Peers(SiteDescription site, SiteRedis redis) =>
        string.Join("\n        ", site.Addressed.Where(one => one != redis).Select(one => one.Host));
}
