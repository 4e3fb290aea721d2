using System.Net;
using System.Net.Sockets;
using System.Text;
using ClusterSession.TestKit.Faults;

namespace ClusterSession.Tests.TestKit.Faults;

/// <summary>
/// A server on loopback for the proxy's tests: an echo, or one that answers each RESP request with
/// its running number.
/// </summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Func<Socket, Task> _serve;
    private readonly Task _accepting;
    private readonly List<Socket> _clients = [];
    private int _executed;
    private int _ended;

    private LoopbackServer(Func<LoopbackServer, Socket, Task> serve)
    {
        _serve = s => serve(this, s);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    public EndPoint EndPoint => _listener.LocalEndPoint!;

    /// <summary>Requests executed by a RESP server.</summary>
    public int Executed => Volatile.Read(ref _executed);

    /// <summary>Connections whose end (FIN or RST) the server has seen.</summary>
    public int Ended => Volatile.Read(ref _ended);

    public static LoopbackServer Echo(string prefix = "") =>
        new(
            async (_, socket) =>
            {
                var buffer = new byte[4096];
                for (int n; (n = await socket.ReceiveAsync(buffer)) > 0; )
                {
                    if (prefix.Length > 0)
                    {
                        await socket.SendAsync(Encoding.ASCII.GetBytes(prefix));
                    }
                    await socket.SendAsync(buffer.AsMemory(0, n));
                }
            }
        );

    /// <param name="pushBefore">Sent in front of each reply, as an invalidation would be.</param>
    public static LoopbackServer Resp(string pushBefore = "") =>
        new(
            async (server, socket) =>
            {
                var buffer = new byte[4096];
                var scanner = new RespFrameScanner();
                for (int n; (n = await socket.ReceiveAsync(buffer)) > 0; )
                {
                    for (var taken = 0; taken < n; )
                    {
                        taken += scanner.Consume(buffer.AsSpan(taken, n - taken), out var ended);
                        if (ended)
                        {
                            var number = Interlocked.Increment(ref server._executed);
                            await socket.SendAsync(Encoding.ASCII.GetBytes($"{pushBefore}:{number}\r\n"));
                        }
                    }
                }
            }
        );

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        lock (_clients)
        {
            _clients.ForEach(c => c.Dispose());
        }
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptAsync();
                lock (_clients)
                {
                    _clients.Add(client);
                }
                _ = ServeAsync(client);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        try
        {
            await _serve(client);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The client is gone, which is what some tests wait for.
        }
        Interlocked.Increment(ref _ended);
        client.Dispose();
    }
}
