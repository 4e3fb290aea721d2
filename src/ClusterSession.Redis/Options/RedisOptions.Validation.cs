using System.Globalization;

namespace ClusterSession.Redis;

public sealed partial class RedisOptions
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Everything that is wrong with the settings; empty if they can be used. Each names the
    /// setting, its value and the range.
    /// </summary>
    internal IReadOnlyList<string> Validate()
    {
        List<string> errors = [];
        if (ZooKeeper is not null)
        {
            errors.AddRange(EnsembleRules.Errors(this, ZooKeeper));
        }
        else if (ZooKeeperCluster is not null)
        {
            errors.Add(
                "ZooKeeperCluster is set without ZooKeeper: begin with zookeeper=host:2181, or remove zookeeperCluster."
            );
        }
        else if (Endpoints.Count == 0)
        {
            errors.Add("Endpoints is empty: name at least one server, such as localhost:6379.");
        }

        foreach (var endpoint in Endpoints)
        {
            if (string.IsNullOrWhiteSpace(endpoint.Host) || endpoint.Port is < 1 or > 65535)
            {
                errors.Add($"Endpoints has '{endpoint}': a host and a port from 1 to 65535 are needed.");
            }
        }

        if (!Enum.IsDefined(Coherence))
        {
            errors.Add($"Coherence is {(int)Coherence}: Auto, Tracking or Revalidate is needed.");
        }

        if (!Enum.IsDefined(Fence))
        {
            errors.Add($"Fence is {(int)Fence}: History or Lease is needed.");
        }

        if (Fence == RedisFence.Lease && (ServiceName is not null || Cluster == true))
        {
            errors.Add(
                $"Fence is Lease and {(ServiceName is null ? "Cluster is true" : "ServiceName is set")}: no agent "
                    + "switches those over. Remove fence=lease, or name the servers themselves."
            );
        }

        if (Database < 0)
        {
            errors.Add($"Database is {Text(Database)}: 0 or more is needed.");
        }

        if (ClientName.Any(c => c is <= ' ' or > '~'))
        {
            errors.Add(
                "ClientName has blanks or characters outside of printable ASCII, which Redis refuses: leave them out."
            );
        }

        if (User is not null && Password is null && Credentials is null)
        {
            errors.Add("User is set without Password: set both, or Credentials.");
        }

        if (SentinelUser is not null && SentinelPassword is null)
        {
            errors.Add("SentinelUser is set without SentinelPassword: set both.");
        }

        if (ServiceName is null && (SentinelPassword is not null || SentinelTls is not null))
        {
            errors.Add(
                "A sentinel setting is given without ServiceName, so no sentinel is used: set ServiceName "
                    + "(serviceName=...), or remove it."
            );
        }

        if (ServiceName is not null && Cluster == true)
        {
            errors.Add("ServiceName is set and Cluster is true: a cluster has no sentinels; remove one of them.");
        }

        if (Cluster == true && Database != 0)
        {
            errors.Add($"Database is {Text(Database)} and Cluster is true: a cluster has database 0 only.");
        }

        if (!Tls && SentinelTls != true && (TlsHost ?? TlsCaFile ?? TlsCertificateFile ?? TlsKeyFile) is not null)
        {
            errors.Add(
                "A TLS setting is given while Tls is false, so nothing would be encrypted: set Tls (ssl=true), or "
                    + "remove it."
            );
        }

        if (TlsKeyFile is not null && TlsCertificateFile is null)
        {
            errors.Add("TlsKeyFile is set without TlsCertificateFile: name the certificate too.");
        }

        Range(nameof(ConnectTimeout), ConnectTimeout, TimeSpan.FromMilliseconds(50));
        Range(nameof(CommandTimeout), CommandTimeout, TimeSpan.FromMilliseconds(10));
        Range(nameof(HeartbeatInterval), HeartbeatInterval, TimeSpan.FromMilliseconds(10));
        Range(nameof(HeartbeatTimeout), HeartbeatTimeout, TimeSpan.FromMilliseconds(20));
        Range(nameof(ReconnectMaxDelay), ReconnectMaxDelay, TimeSpan.FromMilliseconds(10));
        if (FenceTimeout < TimeSpan.FromSeconds(1) || FenceTimeout > TimeSpan.FromHours(1))
        {
            errors.Add($"FenceTimeout is {Text(FenceTimeout.TotalMilliseconds)} ms: 1000 ms to 3600000 ms is allowed.");
        }

        if (HeartbeatTimeout <= HeartbeatInterval)
        {
            errors.Add(
                $"HeartbeatTimeout is {Text(HeartbeatTimeout.TotalMilliseconds)} ms, not more than HeartbeatInterval "
                    + $"({Text(HeartbeatInterval.TotalMilliseconds)} ms): every idle connection would be closed. Make "
                    + "it at least twice as long."
            );
        }

        Count(nameof(MaxInFlight), MaxInFlight, 16, 1 << 20);
        Count(nameof(MaxUnsentBytes), MaxUnsentBytes, 64 << 10, 1 << 30);
        Count(nameof(MaxReplyBytes), MaxReplyBytes, 1 << 20, 1 << 30);
        return errors;

        void Range(string name, TimeSpan value, TimeSpan least)
        {
            if (value < least || value > Longest)
            {
                errors.Add(
                    $"{name} is {Text(value.TotalMilliseconds)} ms: {Text(least.TotalMilliseconds)} ms to "
                        + $"{Text(Longest.TotalMilliseconds)} ms is allowed."
                );
            }
        }

        void Count(string name, int value, int least, int most)
        {
            if (value < least || value > most)
            {
                errors.Add($"{name} is {Text(value)}: {Text(least)} to {Text(most)} is allowed.");
            }
        }
    }

    private static string Text(double number) => number.ToString("0.###", CultureInfo.InvariantCulture);
}
