using System.Globalization;
using ClusterSession.Transport.Options;

namespace ClusterSession.ZooKeeper.Options;

/// <summary>Names of servers as addresses.</summary>
internal static class ServerNames
{
    private const int DefaultPort = 2181;

    /// <exception cref="FormatException">It names no server.</exception>
    public static ServerAddress Parse(string server)
    {
        var (host, port) = Split(server);
        return host.Length > 0 && port is > 0 and <= ushort.MaxValue
            ? new ServerAddress(host, port)
            : throw new FormatException(
                $"'{server}' names no server. Give a host and a port of 1 to 65535, such as 'zk1:2181' or '[::1]:2181'."
            );
    }

    private static (string Host, int Port) Split(string server)
    {
        var colon = server.LastIndexOf(':');
        if (server.StartsWith('['))
        {
            var end = server.IndexOf(']', StringComparison.Ordinal);
            return end < 0 ? ("", 0) : (server[1..end], colon > end ? Port(server[(colon + 1)..]) : DefaultPort);
        }

        return colon < 0 ? (server, DefaultPort) : (server[..colon], Port(server[(colon + 1)..]));
    }

    private static int Port(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : 0;
}
