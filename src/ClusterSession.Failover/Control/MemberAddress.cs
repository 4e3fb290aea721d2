using System.Globalization;

namespace ClusterSession.Failover.Control;

/// <summary>host:port of a member, an IPv6 address in brackets.</summary>
internal static class MemberAddress
{
    /// <summary>The two parts, as REPLICAOF takes them.</summary>
    /// <exception cref="IOException">It is no address.</exception>
    public static (string Host, string Port) Parse(string address)
    {
        var colon = address.LastIndexOf(':');
        var host = colon > 0 ? address[..colon].TrimStart('[').TrimEnd(']') : "";
        return
            host.Length > 0
            && ushort.TryParse(address.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            && port > 0
            ? (host, port.ToString(CultureInfo.InvariantCulture))
            : throw new IOException($"The member's Redis is '{address}'. Write it as host:port.");
    }
}
