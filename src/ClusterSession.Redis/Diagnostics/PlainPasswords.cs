using System.Net;
using ClusterSession.ZooKeeper.Options;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Redis.Diagnostics;

/// <summary>
/// Warns once where a password goes over plain TCP to another machine. Thread-safe.
/// </summary>
internal sealed class PlainPasswords(ILogger logger)
{
    private volatile bool _isPlain;
    private int _hasWarned;

    /// <summary>
    /// Looks at the servers and sentinels that options name; those found later are looked at one by
    /// one.
    /// </summary>
    public void Check(RedisOptions options)
    {
        _isPlain = !options.Tls && (options.Password is not null || options.Credentials is not null);
        var isPlainToSentinels = !(options.SentinelTls ?? options.Tls) && options.SentinelPassword is not null;
        if (options.ServiceName is null ? _isPlain : isPlainToSentinels)
        {
            foreach (var endpoint in options.Endpoints)
            {
                Warn(endpoint);
            }
        }

        if (options.ZooKeeper is { UseTls: false, Password: not null } ensemble)
        {
            foreach (var server in ensemble.Servers)
            {
                Warn(RedisEndpoint.At(ServerNames.Parse(server)));
            }
        }
    }

    /// <summary>Looks at a server that a node has connected to.</summary>
    public void Check(RedisEndpoint endpoint)
    {
        if (_isPlain)
        {
            Warn(endpoint);
        }
    }

    private void Warn(RedisEndpoint endpoint)
    {
        if (!IsLoopback(endpoint.Host) && Interlocked.Exchange(ref _hasWarned, 1) == 0)
        {
            logger.PasswordInPlain(endpoint);
        }
    }

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}
