using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Time;
using ClusterSession.Failover.ZooKeeper.Leases;
using ClusterSession.ZooKeeper;

namespace ClusterSession.Failover.ZooKeeper.Hosting;

/// <summary>The coordination store in an ensemble.</summary>
internal sealed class ZooKeeperKind : ICoordinatorKind
{
    /// <summary>The path below which it stands, unless another one is set.</summary>
    private const string DefaultPath = "/cluster-session";

    private const string Example = "zookeeper=h1:2181,h2:2181,h3:2181/path,password=...";

    /// <inheritdoc/>
    public string Name => "zookeeper";

    /// <inheritdoc/>
    public string? Fault(string text)
    {
        try
        {
            var options = Read(text);
            foreach (
                var (key, file) in new[]
                {
                    ("sslCaFile", options.CaFile),
                    ("sslCertFile", options.CertificateFile),
                    ("sslKeyFile", options.KeyFile),
                }
            )
            {
                if (file is not null && !File.Exists(file))
                {
                    return $"'{key}' is '{file}', which is not there or not readable. Set it to a PEM file.";
                }
            }

            return null;
        }
        catch (FormatException failure)
        {
            return $"{failure.Message} Write it as {Example}";
        }
    }

    /// <inheritdoc/>
    public string Shown(string text)
    {
        var options = Read(text);
        return $"ZooKeeper at {string.Join(",", options.Servers)}{options.Chroot}";
    }

    /// <inheritdoc/>
    public IFailoverCoordinator Create(string text) =>
        new ZooKeeperCoordinator(Read(text), BoottimeClock.Instance, new Random());

    private static ZooKeeperOptions Read(string text)
    {
        var options = ZooKeeperOptions.Parse(text);
        options.OperationTimeout = TimeSpan.FromSeconds(2);
        options.Chroot ??= DefaultPath;
        return options;
    }
}
