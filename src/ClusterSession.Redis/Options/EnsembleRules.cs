using ClusterSession.ZooKeeper;
using ClusterSession.ZooKeeper.Options;

namespace ClusterSession.Redis;

/// <summary>What is wrong with the ensemble that options name.</summary>
internal static class EnsembleRules
{
    public static IEnumerable<string> Errors(RedisOptions options, ZooKeeperOptions ensemble)
    {
        if (ensemble.Servers.Count == 0)
        {
            yield return "A ZooKeeper setting is given without a server of it: begin with zookeeper=host:2181, or "
                + "remove the setting.";
        }

        foreach (var server in ensemble.Servers)
        {
            if (ServerFault(server) is { } fault)
            {
                yield return $"ZooKeeper.Servers: {fault}";
            }
        }

        if (ensemble.Chroot is { Length: > 1 } path && NodePath.Fault(path) is { } wrong)
        {
            yield return $"ZooKeeper.Chroot is '{path}', which {wrong}: write a path such as /cluster-session.";
        }

        if (options.Endpoints.Count > 0)
        {
            yield return $"Endpoints names {string.Join(", ", options.Endpoints)} and ZooKeeper is set: put the "
                + "servers of ZooKeeper right behind zookeeper=, and leave those of Redis to the agents.";
        }

        if (options.ServiceName is not null || options.Cluster == true)
        {
            var other = options.ServiceName is null ? "Cluster is true" : "ServiceName too";
            yield return $"ZooKeeper is set and {other}: each says who the master is; " + "remove one of them.";
        }

        if (options.Fence != RedisFence.Lease)
        {
            yield return "Fence is History and ZooKeeper is set: a master that agents publish is known by its lease. "
                + "Set fence=lease, or leave it out.";
        }

        if (ensemble.User is null != ensemble.Password is null)
        {
            yield return $"ZooKeeper.{(ensemble.User is null ? "Password" : "User")} is set alone: set both "
                + "(zookeeperUser, zookeeperPassword), as the agents have them.";
        }

        if (
            !ensemble.UseTls
            && (ensemble.TlsHost ?? ensemble.CaFile ?? ensemble.CertificateFile ?? ensemble.KeyFile) is not null
        )
        {
            yield return "A TLS setting of ZooKeeper is given while ZooKeeper.UseTls is false, so nothing would be "
                + "encrypted: set zookeeperSsl=true, or remove it.";
        }

        if (ensemble.KeyFile is not null && ensemble.CertificateFile is null)
        {
            yield return "ZooKeeper.KeyFile is set without CertificateFile: name the certificate too "
                + "(zookeeperSslCertFile).";
        }
    }

    private static string? ServerFault(string server)
    {
        try
        {
            ServerNames.Parse(server);
            return null;
        }
        catch (FormatException wrong)
        {
            return wrong.Message;
        }
    }
}
