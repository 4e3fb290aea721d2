namespace ClusterSession.Cli.Generating;

/// <summary>nginx in front of the application, with and without affinity.</summary>
internal static class NginxFile
{
    public static GeneratedFile Hashed(SiteDescription site) =>
        new("nginx/application.conf", GeneratedText.Clean(Text(site, isHashed: true)));

    public static GeneratedFile Spread(SiteDescription site) =>
        new("nginx/application-without-affinity.conf", GeneratedText.Clean(Text(site, isHashed: false)));

    private static string Text(SiteDescription site, bool isHashed)
    {
        var cookie = site.CookieName.Replace(".", @"\.", StringComparison.Ordinal);
        var hash = isHashed ? "    hash $session_hash consistent;\n" : "";
        // nginx refuses an upstream without servers, so a single node has no others.
        var others = site.Nodes.Count > 1;
        return $$"""
            # nginx 1.22 or later: for the context http. {{(
                isHashed
                    ? "Requests of a session go to one node as long as\n# it lives, where the session is in memory."
                    : "Requests go to any node: one that has not got the\n"
                        + "# session reads it from Redis once, and is notified when others change it."
            )}}

            {{(isHashed ? $$"""
            # The session's cookie up to its first dot stays the same for the life of the id; what follows
            # changes with each commit. A request without session goes to any node.
            map $http_cookie $session_hash {
                default $request_id;
                "~(?:^|;\s*){{cookie}}=(?<id>[^.;\s]+)" $id;
            }

            """ : "")}}
            # A 503 that may be repeated at another node: nothing was committed, or the request changes nothing
            # by its method.
            map "$request_method $upstream_http_session_commit" $repeat {
                default 0;
                "~^\w+ not-committed$" {{(others ? 1 : 0)}};
                "~^(?:GET|HEAD) " {{(others ? 1 : 0)}};
            }

            # The nodes besides the one that answered 503.
            map $upstream_addr $other_nodes {
                default nodes;
            {{Lines(others ? site.Nodes : [], Other)}}}

            # Passive checks: a node that refuses a connection or breaks it is passed over for two seconds. A
            # 503 is no failure of a node, since Redis is unreachable for all of them alike.
            upstream nodes {
            {{hash}}{{Lines(site.Nodes, Checked)}}    keepalive 32;
            }
            {{string.Concat(others ? site.Nodes.Select(one => $$"""

            upstream not_{{Id(one)}} {
            {{hash}}{{Lines(site.Nodes.Where(node => node != one), node => $"    server {node.Address};")}}}

            """) : [])}}
            map $http_upgrade $connection_header {
                default upgrade;
                "" "";
            }

            server {
                listen {{(site.IsLoopback ? "127.0.0.1:" : "")}}{{site.HttpPort}};

                proxy_http_version 1.1;
                proxy_set_header Host $http_host;
                proxy_set_header Upgrade $http_upgrade;
                proxy_set_header Connection $connection_header;
                proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                proxy_set_header X-Forwarded-Proto $scheme;
                proxy_connect_timeout 1s;

                # A node that is gone: the next one, where the request may be repeated. nginx repeats no POST that
                # was sent. Not http_503 here, which would repeat what may have been committed.
                proxy_next_upstream error timeout;
                proxy_next_upstream_tries {{site.Nodes.Count}};

                location / {
                    proxy_pass http://nodes;
                    proxy_intercept_errors on;
                    error_page 503 = @other_node;
                }

                location @other_node {
                    # Passed on as it is, but for its body, which nginx drops of an answer that it intercepts.
                    if ($repeat = 0) {
                        add_header Retry-After $upstream_http_retry_after always;
                        add_header Session-Commit $upstream_http_session_commit always;
                        add_header Cache-Control no-store always;
                        return 503;
                    }

                    proxy_pass http://$other_nodes;
                }
            }

            """;
    }

    private static string Checked(SiteProcess node) => $"    server {node.Address} max_fails=1 fail_timeout=2s;";

    private static string Other(SiteProcess node) =>
        $"    \"~{node.Address.Replace(".", @"\.", StringComparison.Ordinal)}$\" not_{Id(node)};";

    private static string Id(SiteProcess node) => node.Name.Replace('-', '_');

    private static string Lines<T>(IEnumerable<T> items, Func<T, string> line) =>
        string.Concat(items.Select(item => line(item) + "\n"));
}
