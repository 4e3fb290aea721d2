namespace ClusterSession.Cli.Generating;

/// <summary>HAProxy in front of Redis, beside each node, and in front of the application.</summary>
internal static class HaproxyFiles
{
    /// <summary>One address for the master that the agents have made.</summary>
    public static GeneratedFile Redis(SiteDescription site) =>
        new(
            "haproxy/redis.cfg",
            GeneratedText.Clean(
                $"""
                # HAProxy 2.6 or later, on each host of the application: one address for the Redis that the agents
                # have made master. docs/operations/haproxy.md says what each line is for, and what it costs.
                {Start}

                frontend redis
                    # Only this host: HAProxy is not to be the one thing that can fail.
                    bind 127.0.0.1:{site.MasterPort}
                    default_backend master

                {Master(site)}
                """
            )
        );

    /// <summary>The same for a replica without agent, on its host.</summary>
    public static GeneratedFile Replication(SiteDescription site) =>
        new(
            "haproxy/replication.cfg",
            GeneratedText.Clean(
                $"""
                # HAProxy 2.6 or later, on each host of a replica without agent: what that replica follows.
                {Start}

                frontend replication
                    bind 127.0.0.1:{site.ReplicationPort}
                    # For the first 100 ms HAProxy takes every server for up. A replica that follows the wrong one
                    # drops what it has; one that is refused tries again a second later.
                    tcp-request connection reject unless {OneMaster}
                    default_backend master

                {Master(site)}
                """
            )
        );

    private const string OneMaster = "{ nbsrv(master) eq 1 }";

    private const string Start = """
        global
            maxconn 4096

        defaults
            mode tcp
            # A server that does not accept is left for the other one, once.
            timeout connect 100ms
            retries 1
            option redispatch 1
            # Connections are quiet for a heartbeat or a ping at most. Shorter timeouts save nothing.
            timeout client 1h
            timeout server 1h
            # An agent that is frozen accepts, and does not answer.
            timeout check 200ms
        """;

    private static string Master(SiteDescription site) =>
        $"""
            backend master
                # The agent answers 200 only while the lease runs by its own count and its Redis is open. Redis
                # itself is asked nothing: a closed master says role:master as well.
                option httpchk GET /primary
                http-check expect status 200
                # One failed check ends no connection, the second one does, and at once: a demoted master is read
                # by nobody.
                default-server check{(
                site.Tls is { } tls ? $" check-ssl verify required ca-file {tls.Authority}" : ""
            )} inter 100ms fastinter 50ms downinter 100ms rise 1 fall 2 on-marked-down shutdown-sessions
            {string.Concat(
                site.Members.Where(redis => site.Candidates.Contains(redis))
                    .Select(redis => $"    server {redis.Name} {redis.Address} port {redis.AgentPort}\n")
            )}
            """;

    /// <summary>In place of nginx.</summary>
    public static GeneratedFile Http(SiteDescription site) =>
        new(
            "haproxy/http.cfg",
            GeneratedText.Clean(
                $$"""
                # HAProxy 2.6 or later in front of the application, in place of nginx.
                global
                    maxconn 4096
                    # To take a node out before it is stopped:
                    # echo "set server nodes/{{site.Nodes[
                    0
                ].Name}} state drain" | socat stdio {{site.DataDirectory}}/haproxy/http.sock
                    stats socket {{site.DataDirectory}}/haproxy/http.sock mode 600 level admin

                defaults
                    mode http
                    timeout connect 1s
                    timeout client 60s
                    timeout server 60s
                    timeout tunnel 1h

                frontend http
                    bind {{(site.IsLoopback ? "127.0.0.1" : "")}}:{{site.HttpPort}}
                    default_backend nodes

                backend nodes
                    # The session's cookie up to its first dot stays the same for the life of the id. Without these two
                    # lines requests go to any node, which costs a read of Redis where it has not got the session.
                    balance hash req.cook({{site.CookieName}}),field(1,.)
                    hash-type consistent
                    option forwardfor
                    http-request set-header X-Forwarded-Proto https if { ssl_fc }

                    # A node that is gone, and a 503: the next node, where the method says that the request may be
                    # repeated. HAProxy cannot see Session-Commit when it decides, so it repeats no POST.
                    retries 2
                    option redispatch 1
                    retry-on conn-failure empty-response 503
                    http-request disable-l7-retry unless METH_GET

                    # A node that ends gets no new requests. Degraded is answered with 200: a Redis that is
                    # unreachable is so for every node.
                    option httpchk GET /health
                    http-check expect status 200
                    default-server check inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
                {{string.Concat(site.Nodes.Select(node => $"    server {node.Name} {node.Address}\n"))}}
                """
            )
        );
}
