using System.Security.Cryptography;
using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Etcd.Leases;
using ClusterSession.Failover.Etcd.Options;
using ClusterSession.Failover.Time;

namespace ClusterSession.Failover.Etcd.Hosting;

/// <summary>The coordination store in an etcd cluster.</summary>
internal sealed class EtcdKind : ICoordinatorKind
{
    private const string Example = "etcd=http://h1:2379,http://h2:2379,http://h3:2379/path,user=...,password=...";

    /// <inheritdoc/>
    public string Name => "etcd";

    /// <inheritdoc/>
    public string? Fault(string text)
    {
        try
        {
            var options = ConnectionString.Parse(text);
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

            using var handler = options.CreateHandler();
            return null;
        }
        catch (FormatException failure)
        {
            return $"{failure.Message} Write it as {Example}";
        }
        catch (CryptographicException)
        {
            return "'sslCaFile', 'sslCertFile' or 'sslKeyFile' is no PEM file of a certificate or its key. Set them "
                + "to such files; without 'sslKeyFile' the key stands in the file of 'sslCertFile'.";
        }
    }

    /// <inheritdoc/>
    public string Shown(string text)
    {
        var options = ConnectionString.Parse(text);
        var servers = options.Servers.Select(server => $"{server.Scheme}://{server.Host}:{server.Port}");
        return $"etcd at {string.Join(",", servers)}{options.Path}";
    }

    /// <inheritdoc/>
    public IFailoverCoordinator Create(string text) =>
        new EtcdCoordinator(ConnectionString.Parse(text), BoottimeClock.Instance);
}
