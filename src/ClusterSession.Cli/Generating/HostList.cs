using System.Text;

namespace ClusterSession.Cli.Generating;

/// <summary>Which file is for which host.</summary>
internal static class HostList
{
    public static GeneratedFile Of(SiteDescription site, IReadOnlyList<GeneratedFile> files)
    {
        var text = new StringBuilder();
        text.Append("# What each host gets: the files, below ").Append(site.ConfigDirectory).Append(" at the same\n");
        text.Append("# path. docs/deployment.md says whose they are, and in which order processes start.\n");
        foreach (
            var host in Hosts(site)
                .GroupBy(pair => pair.Host, pair => pair.Name)
                .OrderBy(group => group.Key, StringComparer.Ordinal)
        )
        {
            text.Append('\n').Append(host.Key).Append('\n');
            foreach (
                var path in files.Select(file => file.Path).Where(path => host.Any(name => IsOf(site, path, name)))
            )
            {
                text.Append("    ").Append(path).Append('\n');
            }
        }

        text.Append("\nthe balancer\n");
        foreach (var path in files.Select(file => file.Path).Where(IsOfBalancer))
        {
            text.Append("    ").Append(path).Append('\n');
        }

        return new GeneratedFile("hosts.txt", text.ToString());
    }

    private static IEnumerable<(string Host, string Name)> Hosts(SiteDescription site) =>
        site
            .Redis.Select(redis => (redis.Host, redis.Name))
            .Concat(site.ZooKeepers.Select(server => (server.Host, server.Name)))
            .Concat(
                site.Nodes.Concat(site.Sentinels)
                    .Append(site.Voter)
                    .OfType<SiteProcess>()
                    .Select(process => (process.Host, process.Name))
            );

    private static bool IsOf(SiteDescription site, string path, string name) =>
        Path.GetFileNameWithoutExtension(path) is var file
        && (
            file == name
            || file == $"{name}-agent"
            || file == $"{name}-follower"
            || file == $"{name}-watcher"
            || file == $"{name}-keepalived"
            || file == $"{name}-notify"
            || (site.Nodes.Any(node => node.Name == name) && IsOfNode(path))
            || (
                site.ReplicasThroughHaproxy.Any(follower => follower.Name == name)
                && path.Contains("replication.", StringComparison.Ordinal)
            )
        );

    private static bool IsOfNode(string path) =>
        path
            is "application/appsettings.json"
                or "haproxy/redis.cfg"
                or "systemd/cluster-session-haproxy-redis.service";

    private static bool IsOfBalancer(string path) =>
        path.StartsWith("nginx/", StringComparison.Ordinal)
        || path
            is "haproxy/http.cfg"
                or "systemd/cluster-session-haproxy-http.service"
                or "systemd/cluster-session-nginx.service";
}
