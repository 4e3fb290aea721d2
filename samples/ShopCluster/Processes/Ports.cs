using System.Net;
using System.Net.Sockets;

namespace ShopCluster.Processes;

/// <summary>Free ports on the loopback address.</summary>
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
            throw new DemoException($"Port {port} cannot be used ({failure.Message}). Name another with --port, or none.");
        }
    }

    /// <summary>
    /// Finds free ports below 32768. Not by asking for port 0: that gives one out of the range from which the kernel also takes the
    /// client ends of connections, and while a node is down, one of the many connections of a busy run would sooner or later sit on
    /// its port, so that it could not come back.
    /// </summary>
    public static int[] Find(int count)
    {
        var found = new List<TcpListener>();
        try
        {
            for (var attempt = 0; found.Count < count && attempt < 1000; attempt++)
            {
                var listener = new TcpListener(IPAddress.Loopback, Random.Shared.Next(20_000, 32_000));
                try
                {
                    listener.Start();
                    found.Add(listener);
                }
                catch (SocketException)
                {
                    listener.Dispose();
                }
            }

            return found.Count == count
                ? [.. found.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)]
                : throw new DemoException("No free port between 20000 and 32000 on 127.0.0.1.");
        }
        finally
        {
            foreach (var listener in found) listener.Dispose();
        }
    }
}
