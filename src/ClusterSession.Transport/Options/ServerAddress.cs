using System.Globalization;

namespace ClusterSession.Transport.Options;

/// <summary>Where a server listens. Immutable.</summary>
/// <param name="Host">Host name or IP address; an IPv6 address without brackets.</param>
/// <param name="Port">TCP port, 1 to 65535.</param>
internal readonly record struct ServerAddress(string Host, int Port)
{
    /// <summary>host:port, with brackets around an IPv6 address.</summary>
    public override string ToString() =>
        Host.Contains(':')
            ? string.Create(CultureInfo.InvariantCulture, $"[{Host}]:{Port}")
            : string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");
}
