using System.Globalization;
using System.Net;

namespace ClusterSession.Redis;

/// <summary>
/// A server in a connection string: host, host:port, or an IPv6 address, which stands in brackets
/// where a port follows. What stands in the place of a server and is none may be a password, which
/// no message may show.
/// </summary>
internal static class ServerText
{
    /// <summary>Throws if a text is no server.</summary>
    /// <param name="host">The text.</param>
    /// <param name="shown">How the message calls it.</param>
    public static void Check(string host, string shown)
    {
        var (name, port) = Split(host);
        if (!IsPort(port))
        {
            throw ConnectionStringFault.Of(
                shown,
                "has no port from 1 to 65535 after the colon",
                "write host:port, an IPv6 address as [address]:port"
            );
        }

        if (
            name.Length == 0
            || name.Any(c => char.IsWhiteSpace(c) || c is '/' or '@' or '[' or ']')
            || !IsHostOrAddress(name)
        )
        {
            throw ConnectionStringFault.Of(
                shown,
                "is neither a host nor key=value",
                "write host:port, an IPv6 address as [address]:port"
            );
        }
    }

    /// <summary>The server that a checked text names.</summary>
    public static RedisEndpoint Read(string host, int defaultPort)
    {
        var (name, port) = Split(host);
        return new RedisEndpoint(
            name,
            port is null ? defaultPort : int.Parse(port, NumberStyles.None, CultureInfo.InvariantCulture)
        );
    }

    /// <summary>
    /// Whether a part of a list is no server and may be a password: :password, or what has several
    /// colons.
    /// </summary>
    public static bool MayBePassword(string host) =>
        Split(host) is var (name, _) && (name.Length == 0 || !IsHostOrAddress(name));

    /// <summary>
    /// Whether what is in the place of a host may be user:password, :password or :password:port.
    /// </summary>
    public static bool MayBeAccess(string host)
    {
        var (name, port) = Split(host);
        return name.Length == 0 || !IsPort(port) || !IsHostOrAddress(name);
    }

    private static (string Name, string? Port) Split(string host)
    {
        if (host.StartsWith('[') && host.IndexOf(']', StringComparison.Ordinal) is var close and > 0)
        {
            var after = host[(close + 1)..];
            return (
                host[1..close],
                after.Length == 0 ? null
                : after[0] == ':' ? after[1..]
                : after
            );
        }

        var colon = host.LastIndexOf(':');
        // Two colons without brackets: an IPv6 address without a port.
        return colon < 0 || host.IndexOf(':', StringComparison.Ordinal) != colon
            ? (host, null)
            : (host[..colon], host[(colon + 1)..]);
    }

    /// <summary>
    /// A name with a colon in it is an IPv6 address, or a password in the wrong place, which nobody
    /// may look up.
    /// </summary>
    private static bool IsHostOrAddress(string name) =>
        !name.Contains(':', StringComparison.Ordinal) || IPAddress.TryParse(name.Split('%')[0], out _);

    private static bool IsPort(string? port) =>
        port is null
        || (
            int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number is >= 1 and <= 65535
        );
}
