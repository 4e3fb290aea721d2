using System.Globalization;
using System.Security.Authentication;
using ClusterSession.ZooKeeper;

namespace ClusterSession.Redis;

/// <summary>
/// The settings that a connection string may have, and what each sets.
/// </summary>
internal static class ConnectionStringSettings
{
    /// <summary>
    /// Accepted without effect: our client has no such thing, or does it always, or never.
    /// </summary>
    public static readonly IReadOnlySet<string> Ignored = new HashSet<string>(StringComparer.OrdinalIgnoreCase)
    {
        "abortConnect",
        "allowAdmin",
        "channelPrefix",
        "configChannel",
        "configCheckSeconds",
        "connectRetry",
        "highIntegrity",
        "keepAlive",
        "preserveAsyncOrder",
        "resolveDns",
        "responseTimeout",
        "setlib",
        "tieBreaker",
        "version",
        "writeBuffer",
    };

    private static readonly Dictionary<string, Action<RedisOptions, string>> Settings = new(
        StringComparer.OrdinalIgnoreCase
    )
    {
        ["user"] = (o, v) => o.User = v,
        ["password"] = (o, v) => o.Password = v,
        ["ssl"] = (o, v) => o.Tls = Flag(v),
        ["sslHost"] = (o, v) => o.TlsHost = v,
        ["sslCaFile"] = (o, v) => o.TlsCaFile = v,
        ["sslCertFile"] = (o, v) => o.TlsCertificateFile = v,
        ["sslKeyFile"] = (o, v) => o.TlsKeyFile = v,
        ["sslProtocols"] = (o, v) => o.TlsProtocols = Protocols(v),
        ["checkCertificateRevocation"] = (o, v) => o.TlsCheckRevocation = Flag(v),
        ["serviceName"] = (o, v) => o.ServiceName = v,
        ["sentinelUser"] = (o, v) => o.SentinelUser = v,
        ["sentinelPassword"] = (o, v) => o.SentinelPassword = v,
        ["sentinelSsl"] = (o, v) => o.SentinelTls = Flag(v),
        ["zookeeper"] = (_, _) => throw new FormatException("stands in a list of key=value, and in no URI"),
        ["zookeeperCluster"] = (o, v) => o.ZooKeeperCluster = v,
        ["zookeeperUser"] = (o, v) => Ensemble(o).User = v,
        ["zookeeperPassword"] = (o, v) => Ensemble(o).Password = v,
        ["zookeeperSsl"] = (o, v) => Ensemble(o).UseTls = Flag(v),
        ["zookeeperSslHost"] = (o, v) => Ensemble(o).TlsHost = v,
        ["zookeeperSslCaFile"] = (o, v) => Ensemble(o).CaFile = v,
        ["zookeeperSslCertFile"] = (o, v) => Ensemble(o).CertificateFile = v,
        ["zookeeperSslKeyFile"] = (o, v) => Ensemble(o).KeyFile = v,
        ["cluster"] = (o, v) => o.Cluster = Flag(v),
        ["coherence"] = (o, v) => o.Coherence = Coherence(v),
        ["fence"] = (o, v) => o.Fence = Fence(v),
        ["fenceTimeout"] = (o, v) => o.FenceTimeout = Milliseconds(v),
        ["defaultDatabase"] = (o, v) => o.Database = Number(v),
        ["name"] = (o, v) => o.ClientName = v,
        ["connectTimeout"] = (o, v) => o.ConnectTimeout = Milliseconds(v),
        ["syncTimeout"] = (o, v) => o.CommandTimeout = Milliseconds(v),
        ["asyncTimeout"] = (o, v) => o.CommandTimeout = Milliseconds(v),
        ["heartbeatInterval"] = (o, v) => o.HeartbeatInterval = Milliseconds(v),
        ["heartbeatTimeout"] = (o, v) => o.HeartbeatTimeout = Milliseconds(v),
        ["reconnectMaxDelay"] = (o, v) => o.ReconnectMaxDelay = Milliseconds(v),
        ["protocol"] = (_, v) =>
            Require(
                v.ToUpperInvariant() is "RESP3" or "3",
                "only resp3 works, since local copies are kept fresh by its pushes; leave it out"
            ),
        ["proxy"] = (_, v) =>
            Require(
                v.Equals("none", StringComparison.OrdinalIgnoreCase),
                "proxies that take commands apart hide the pushes that keep local copies fresh; connect to Redis itself"
            ),
        ["tunnel"] = (_, v) => Require(v.Length == 0, "tunnels are not supported; connect to Redis itself"),
    };

    /// <summary>Sets what a pair of key and value says.</summary>
    /// <param name="options">What is set.</param>
    /// <param name="key">Which setting, in any case.</param>
    /// <param name="value">Its value.</param>
    /// <param name="shown">How messages call the pair; null: by its key, or by its text where that
    /// may be shown.</param>
    /// <exception cref="FormatException">It is unknown or wrong.</exception>
    public static void Set(RedisOptions options, string key, string value, string? shown)
    {
        if (Ignored.Contains(key))
        {
            return;
        }

        if (key.StartsWith('$'))
        {
            throw ConnectionStringFault.Of(
                shown ?? $"'{key}'",
                "renames or switches off a command",
                "let the user have the commands as Redis names them, and leave it out"
            );
        }

        if (!Settings.TryGetValue(key, out var set))
        {
            var known = string.Join(", ", Settings.Keys.Order(StringComparer.OrdinalIgnoreCase));
            throw ConnectionStringFault.Of(
                shown ?? $"'{key}'",
                "is no setting that is known",
                $"correct or remove it; known are {known}"
            );
        }

        try
        {
            set(options, value);
        }
        catch (FormatException e)
        {
            var name = $"'{key}'";
            shown ??= ConnectionStringFault.IsSecret(key) ? name : ConnectionStringFault.Shown($"{key}={value}", name);
            throw ConnectionStringFault.Of(shown, e.Message, null);
        }
    }

    private static ZooKeeperOptions Ensemble(RedisOptions options) => options.ZooKeeper ??= new ZooKeeperOptions();

    private static bool Flag(string value) =>
        value.ToUpperInvariant() switch
        {
            "TRUE" or "1" or "YES" or "ON" => true,
            "FALSE" or "0" or "NO" or "OFF" => false,
            _ => throw new FormatException("is neither true nor false"),
        };

    private static RedisCoherence Coherence(string value) =>
        value.ToUpperInvariant() switch
        {
            "AUTO" => RedisCoherence.Auto,
            "TRACKING" => RedisCoherence.Tracking,
            "REVALIDATE" => RedisCoherence.Revalidate,
            _ => throw new FormatException("is none of auto, tracking and revalidate"),
        };

    private static RedisFence Fence(string value) =>
        value.ToUpperInvariant() switch
        {
            "HISTORY" => RedisFence.History,
            "LEASE" => RedisFence.Lease,
            _ => throw new FormatException("is neither history nor lease"),
        };

    private static int Number(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new FormatException("is no whole number, 0 or more");

    private static TimeSpan Milliseconds(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? TimeSpan.FromMilliseconds(number)
            : throw new FormatException("is no whole number of milliseconds");

    private static SslProtocols Protocols(string value) =>
        Enum.TryParse<SslProtocols>(value.Replace('|', ','), ignoreCase: true, out var protocols)
            ? protocols
            : throw new FormatException("names no TLS versions, such as Tls12|Tls13");

    private static void Require(bool holds, string why)
    {
        if (!holds)
        {
            throw new FormatException($"is not supported: {why}");
        }
    }
}
