namespace ClusterSession.Cli.Generating;

/// <summary>
/// Takes a node out of nginx before it is stopped: nginx without its commercial modules has no
/// drain.
/// </summary>
internal static class DrainScript
{
    public static GeneratedFile Of(SiteDescription site)
    {
        var names = string.Join(' ', site.Nodes.Select(node => node.Name));
        return new GeneratedFile(
            "nginx/drain.sh",
            GeneratedText.Clean(
                $$"""
                #!/bin/sh
                # Takes a node out of nginx before it is stopped, and puts it back:
                #
                #   sh drain.sh {{site.Nodes[0].Name}}         no new requests; those under way end as usual
                #   sh drain.sh {{site.Nodes[0].Name}} back
                #
                # Then stop the node: it stores what only it has, and its sessions are read by the others.
                set -eu
                case "${1-}" in
                {{string.Concat(
                    site.Nodes.Select(Case)
                )}}    *) echo "usage: sh drain.sh NODE [back]; nodes: {{names}}" >&2; exit 2 ;;
                esac
                case "${2-}" in
                    '') mark=' down' ;;
                    back) mark='' ;;
                    *) echo "drain.sh: '$2' is neither nothing nor back" >&2; exit 2 ;;
                esac

                # Only in the upstream of all nodes, whose lines have max_fails: a node that drains may still be asked
                # for what another one could not serve.
                for file in {{site.ConfigDirectory}}/nginx/application*.conf; do
                    sed -i "s/^\( *server $address max_fails=[^;]*fail_timeout=[0-9a-z]*\)[^;]*;/\1$mark;/" "$file"
                done
                nginx -t -q -c {{site.ConfigDirectory}}/nginx/nginx.conf
                kill -HUP "$(cat {{site.DataDirectory}}/nginx/nginx.pid)"
                """
            )
        );
    }

    private static string Case(SiteProcess node) =>
        $"    {node.Name}) address='{node.Address.Replace(".", @"\.", StringComparison.Ordinal)}' ;;\n";
}
