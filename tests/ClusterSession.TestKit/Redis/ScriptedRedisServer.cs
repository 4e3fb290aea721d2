using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ClusterSession.TestKit.Redis;

/// <summary>
/// A server on loopback that says exactly what a test tells it to: wrong, late, in pieces, or not
/// at all.
/// </summary>
/// <remarks>
/// It answers the handshake of a connection by itself (<see cref="Handshake"/>); every command
/// after that goes to <see cref="OnCommand"/>, which returns the bytes to send, or null to stay
/// silent; <see cref="SendAsync"/> sends anything at any time.
/// </remarks>
public sealed class ScriptedRedisServer : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentDictionary<int, Socket> _connections = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private int _accepted;

    /// <summary>Listens on a free loopback port.</summary>
    public ScriptedRedisServer()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(64);
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync();
    }

    /// <summary>The port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Connections accepted so far.</summary>
    public int Accepted => Volatile.Read(ref _accepted);

    /// <summary>
    /// Every command received after the handshake (heartbeats too), words joined by blanks.
    /// </summary>
    public ConcurrentQueue<string> Commands { get; } = new();

    /// <summary>
    /// The raw reply to a command after the handshake; null: no reply. Default: what a server would
    /// say to PING, else +OK.
    /// </summary>
    public Func<string[], string?> OnCommand { get; set; } = command => command[0] == "PING" ? "+PONG\r\n" : "+OK\r\n";

    /// <summary>
    /// The raw reply to a command of the handshake; null: goes to <see cref="OnCommand"/> (but the
    /// first PING is always answered). Default: an empty master, version 7.0.15.
    /// </summary>
    public Func<string[], string?> Handshake { get; set; } = DefaultHandshake;

    /// <summary>
    /// Answers nothing any more, also not the heartbeat, while the connection stays open.
    /// </summary>
    public bool Silent { get; set; }

    /// <summary>Stops reading after the handshake, so that the kernel's buffers fill up.</summary>
    public bool StopReading { get; set; }

    /// <summary>A bulk string.</summary>
    public static string Bulk(string text) => $"${Encoding.UTF8.GetByteCount(text)}\r\n{text}\r\n";

    /// <summary>
    /// What a master without data answers to the commands of a handshake; null for all other
    /// commands.
    /// </summary>
    public static string? DefaultHandshake(string[] command) =>
        (command[0], command.ElementAtOrDefault(1)) switch
        {
            ("HELLO", _) =>
                "%6\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:3\r\n"
                    + "$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n",
            ("CLIENT", "SETINFO") => "-ERR unknown subcommand 'SETINFO'. Try CLIENT HELP.\r\n",
            ("CLIENT", "TRACKING") => "+OK\r\n",
            ("SELECT", _) => "+OK\r\n",
            ("INFO", "server") => Bulk(
                "# Server\r\nredis_version:7.0.15\r\nrun_id:1111111111111111111111111111111111111111\r\n"
            ),
            ("INFO", "replication") => Bulk(
                "# Replication\r\nrole:master\r\nmaster_replid:2222222222222222222222222222222222222222\r\n"
                    + "master_replid2:0000000000000000000000000000000000000000\r\nmaster_repl_offset:0\r\nsecond_repl_offset:-1\r\n"
            ),
            _ => null,
        };

    /// <summary>Sends raw bytes (as Latin-1) to every open connection.</summary>
    public async Task SendAsync(string raw)
    {
        foreach (var socket in _connections.Values)
        {
            await socket.SendAsync(Encoding.Latin1.GetBytes(raw));
        }
    }

    /// <summary>
    /// Sends raw bytes one by one, each in a packet of its own as far as the kernel goes along.
    /// </summary>
    public async Task SendSlowlyAsync(string raw)
    {
        foreach (var one in Encoding.Latin1.GetBytes(raw))
        {
            foreach (var socket in _connections.Values)
            {
                await socket.SendAsync(new[] { one });
            }

            await Task.Yield();
        }
    }

    /// <summary>Closes every open connection, and goes on listening.</summary>
    public void DropConnections()
    {
        foreach (var id in _connections.Keys)
        {
            if (_connections.TryRemove(id, out var socket))
            {
                socket.Dispose();
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // A test may end it early.
        if (_stop.IsCancellationRequested)
        {
            return;
        }

        await _stop.CancelAsync();
        _listener.Dispose();
        DropConnections();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptAsync(_stop.Token);
                socket.NoDelay = true;
                var id = Interlocked.Increment(ref _accepted);
                _connections[id] = socket;
                _ = ServeAsync(id, socket);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(int id, Socket socket)
    {
        try
        {
            using var stream = new NetworkStream(socket, ownsSocket: true);
            var greeted = false;
            while (await ReadCommandAsync(stream) is { } command)
            {
                var reply = Silent ? null : Handshake(command);
                if (!greeted && !Silent && reply is null && command[0] == "PING")
                {
                    // The last word of the handshake.
                    greeted = true;
                    reply = "+PONG\r\n";
                }

                if (reply is null)
                {
                    Commands.Enqueue(string.Join(' ', command));
                    reply = Silent ? null : OnCommand(command);
                }

                if (reply is not null)
                {
                    await stream.WriteAsync(Encoding.Latin1.GetBytes(reply));
                }

                if (greeted && StopReading)
                {
                    await Task.Delay(Timeout.Infinite, _stop.Token);
                }
            }
        }
        catch (Exception e)
            when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The client went away, or the test dropped it.
        }
        finally
        {
            _connections.TryRemove(id, out _);
        }
    }

    private static async Task<string[]?> ReadCommandAsync(NetworkStream stream)
    {
        if (await ReadLineAsync(stream) is not { Length: > 1 } header)
        {
            return null;
        }

        if (header[0] != '*')
        {
            throw new IOException("Not an array of bulk strings: " + header);
        }

        var words = new string[int.Parse(header.AsSpan(1))];
        for (var i = 0; i < words.Length; i++)
        {
            var length = await ReadLineAsync(stream) ?? throw new EndOfStreamException();
            var bytes = new byte[int.Parse(length.AsSpan(1)) + 2];
            await stream.ReadExactlyAsync(bytes);
            words[i] = Encoding.Latin1.GetString(bytes, 0, bytes.Length - 2);
        }

        return words;
    }

    private static async Task<string?> ReadLineAsync(NetworkStream stream)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (await stream.ReadAsync(one) == 1)
        {
            if (one[0] == '\n')
            {
                return line.ToString(0, line.Length - 1);
            }

            line.Append((char)one[0]);
        }

        return null;
    }
}
