using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace ClusterSession.Processes;

/// <summary>Loopback ports for servers that must keep theirs over a restart.</summary>
/// <remarks>
/// <para>
/// Ports come from below the kernel's ephemeral range (32768 and up). A port of that range, asked
/// for with port 0, may be taken by any outgoing connection of the machine while the server is
/// down, and then the restart fails now and then.
/// </para>
/// <para>
/// They come in blocks, of which this process holds the locks as long as it lives: of two test
/// processes of one user neither gets a port of the other, though a server that was given one
/// listens on it only seconds later.
/// </para>
/// </remarks>
public static class FreePort
{
    /// <summary>How many ports are taken together.</summary>
    public const int BlockSize = 100;

    private const int First = 15000;
    private const int Blocks = 160;

    private static readonly Lock Gate = new();
    private static readonly List<FileStream> Held = [];
    private static readonly Queue<int> Left = new();

    /// <summary>Where the locks of the blocks are; each has the name of its first port.</summary>
    public static string Locks { get; } =
        Path.Combine(Path.GetTempPath(), $"clustersession-ports-{Environment.UserName}");

    /// <summary>
    /// A port on 127.0.0.1 that nobody listens on and that was not given out before, neither in
    /// this process nor in another one that lives.
    /// </summary>
    public static int Next()
    {
        lock (Gate)
        {
            while (true)
            {
                if (Left.Count == 0)
                {
                    HoldBlock();
                }

                var port = Left.Dequeue();
                if (CanListen(port))
                {
                    return port;
                }
            }
        }
    }

    private static void HoldBlock()
    {
        Directory.CreateDirectory(Locks);
        var blocks = Enumerable.Range(0, Blocks).ToArray();
        Random.Shared.Shuffle(blocks);
        foreach (var block in blocks)
        {
            var first = First + (block * BlockSize);
            var file = Path.Combine(Locks, first.ToString(CultureInfo.InvariantCulture));
            try
            {
                Held.Add(new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.None));
            }
            catch (IOException)
            {
                continue; // Another process has it, or this one.
            }

            foreach (var port in Enumerable.Range(first, BlockSize))
            {
                Left.Enqueue(port);
            }

            return;
        }

        throw new InvalidOperationException($"All loopback ports from {First} on are taken: see {Locks}.");
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
