using System.Net;
using System.Net.Sockets;

namespace ShopCluster.Processes;

/// <summary>Ports on the loopback address.</summary>
internal static class Ports
{
    /// <summary>Fails if something listens on that port already.</summary>
    public static void RequireFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
        }
        catch (SocketException failure)
        {
            throw new DemoException(
                $"Port {port} cannot be used ({failure.Message}). Name another with --port, or none."
            );
        }
    }
}
