using System.Net;
using System.Net.Sockets;

namespace ClusterSession.Processes;

/// <summary>Loopback ports for servers that must keep theirs over a restart.</summary>
/// <remarks>
/// Ports come from below the kernel's ephemeral range (32768 and up). A port of that range, asked
/// for with port 0, may be taken by any outgoing connection of the machine while the server is
/// down, and then the restart fails now and then.
/// </remarks>
public static class FreePort
{
    private const int First = 15000;
    private const int Last = 31000;
    private static readonly Lock Gate = new();
    private static readonly HashSet<int> Given = [];

    /// <summary>
    /// A port on 127.0.0.1 that nobody listens on and that was not given out before in this
    /// process.
    /// </summary>
    public static int Next()
    {
        lock (Gate)
        {
            for (var attempt = 0; attempt < 1000; attempt++)
            {
                var port = Random.Shared.Next(First, Last);
                // Cluster nodes listen on port + 10000 too; keep that one out of the way of other
                // servers of this process.
                if (!Given.Contains(port) && CanListen(port) && Given.Add(port))
                {
                    return port;
                }
            }
        }

        throw new InvalidOperationException($"No free loopback port found between {First} and {Last}.");
    }

    private static bool CanListen(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
