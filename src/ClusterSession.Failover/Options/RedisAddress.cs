using System.Globalization;
using ClusterSession.Redis;

namespace ClusterSession.Failover.Options;

/// <summary>Reads host:port.</summary>
internal static class RedisAddress
{
    /// <summary>An IPv6 address is in brackets.</summary>
    public static bool TryParse(string? text, out RedisEndpoint endpoint)
    {
        endpoint = default;
        if (text is null)
        {
            return false;
        }

        var colon = text.LastIndexOf(':');
        if (
            colon < 1
            || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port == 0
        )
        {
            return false;
        }

        var host = text[..colon];
        if (host.StartsWith('[') && host.EndsWith(']'))
        {
            host = host[1..^1];
        }
        else if (host.Contains(':'))
        {
            return false;
        }

        endpoint = new RedisEndpoint(host, port);
        return Uri.CheckHostName(host) != UriHostNameType.Unknown;
    }
}
