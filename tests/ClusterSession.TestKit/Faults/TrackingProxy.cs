using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ClusterSession.TestKit.Faults;

/// <summary>
/// A proxy in front of Redis that never passes on <c>CLIENT TRACKING ON</c>: the server gets
/// something else instead which it also answers with OK. Everything else passes as it is.
/// </summary>
public sealed class TrackingProxy : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentBag<Socket> _sockets = [];
    private readonly ConcurrentBag<Task> _pumps = [];
    private readonly EndPoint _target;
    private readonly byte[] _instead;
    private readonly Task _accepting;

    /// <param name="targetPort">Where Redis is, on loopback.</param>
    /// <param name="instead">The words of the command that the server gets.</param>
    public TrackingProxy(int targetPort, string instead)
    {
        _target = new IPEndPoint(IPAddress.Loopback, targetPort);
        _instead = Encode(instead);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync();
    }

    /// <summary>The server says OK and tracks nothing.</summary>
    public const string Nothing = "CLIENT TRACKING OFF";

    /// <summary>The server pushes nothing that the node's own commands have caused.</summary>
    public const string NothingOfItsOwn = "CLIENT TRACKING ON NOLOOP";

    public int Port { get; }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
        foreach (var socket in _sockets)
        {
            socket.Dispose();
        }

        await Task.WhenAll(_pumps);
    }

    private static byte[] Encode(string command)
    {
        var words = command.Split(' ');
        return Encoding.ASCII.GetBytes(
            $"*{words.Length}\r\n" + string.Concat(words.Select(static word => $"${word.Length}\r\n{word}\r\n"))
        );
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptAsync();
                var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                _sockets.Add(client);
                _sockets.Add(server);
                (client.NoDelay, server.NoDelay) = (true, true);
                await server.ConnectAsync(_target);
                _pumps.Add(PumpAsync(client, server, new Rewriter(_instead)));
                _pumps.Add(PumpAsync(server, client, rewriter: null));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed, or Redis is gone.
        }
    }

    private static async Task PumpAsync(Socket from, Socket to, Rewriter? rewriter)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is var count and > 0)
            {
                var bytes = buffer.AsMemory(0, count);
                ReadOnlyMemory<byte> passed = rewriter is null ? bytes : rewriter.Rewrite(bytes.Span);
                while (!passed.IsEmpty)
                {
                    passed = passed[await to.SendAsync(passed)..];
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // One side is gone, and with it the other.
        }

        from.Dispose();
        to.Dispose();
    }

    private sealed class Rewriter(byte[] instead)
    {
        private static readonly byte[] Asked = Encode("CLIENT TRACKING ON");
        private readonly RespFrameScanner _scanner = new();
        private readonly List<byte> _frame = [];

        /// <summary>Whole commands of what has come.</summary>
        public byte[] Rewrite(ReadOnlySpan<byte> bytes)
        {
            var passed = new List<byte>();
            while (!bytes.IsEmpty)
            {
                var taken = _scanner.Consume(bytes, out var ended);
                _frame.AddRange(bytes[..taken]);
                bytes = bytes[taken..];
                if (ended)
                {
                    passed.AddRange(_frame.SequenceEqual(Asked) ? instead : _frame);
                    _frame.Clear();
                }
            }

            return [.. passed];
        }
    }
}
