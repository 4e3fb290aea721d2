using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ClusterSession.Transport.Options;

namespace ClusterSession.Tests.Transport;

/// <summary>
/// The far end of <see cref="EchoConnection"/>, which a test can freeze, make lie or push.
/// </summary>
internal sealed class EchoServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly X509Certificate2? _certificate;
    private readonly ConcurrentDictionary<Stream, byte> _open = new();
    private readonly List<Task> _running = [];
    private readonly Task _accepting;
    private volatile TaskCompletionSource? _frozen;
    private int _accepted;

    /// <param name="certificate">Speaks TLS with it; null: plain TCP.</param>
    public EchoServer(X509Certificate2? certificate = null)
    {
        _certificate = certificate;
        _listener.Start();
        Address = new ServerAddress("127.0.0.1", ((IPEndPoint)_listener.LocalEndpoint).Port);
        _accepting = AcceptAsync();
    }

    public ServerAddress Address { get; }

    /// <summary>Connections so far.</summary>
    public int Accepted => Volatile.Read(ref _accepted);

    /// <summary>What it was sent, over all connections.</summary>
    public ConcurrentQueue<string> Received { get; } = new();

    /// <summary>What it answers to a text; default: the same.</summary>
    public Func<string, string> Answer { get; set; } = static text => text;

    /// <summary>Reads on and answers nothing, as a process that was stopped.</summary>
    public void Freeze() => _frozen = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Answers what has come meanwhile.</summary>
    public void Thaw()
    {
        var frozen = _frozen;
        _frozen = null;
        frozen?.SetResult();
    }

    /// <summary>Sends bytes to every connection.</summary>
    public async Task SendAsync(byte[] bytes)
    {
        foreach (var stream in _open.Keys)
        {
            await stream.WriteAsync(bytes);
        }
    }

    public static byte[] Message(char kind, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var message = new byte[EchoConnection.HeaderBytes + bytes.Length];
        BinaryPrimitives.WriteInt32BigEndian(message, bytes.Length);
        message[EchoConnection.HeaderBytes - 1] = (byte)kind;
        bytes.CopyTo(message, EchoConnection.HeaderBytes);
        return message;
    }

    public void DropConnections()
    {
        foreach (var stream in _open.Keys)
        {
            stream.Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
        Thaw();
        DropConnections();
        await Task.WhenAll(_running);
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptSocketAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return; // It has ended, perhaps between two of these.
            }

            Interlocked.Increment(ref _accepted);
            socket.NoDelay = true;
            var stream = new NetworkStream(socket, ownsSocket: true);
            _open[stream] = 0;
            _running.Add(ServeAsync(stream));
        }
    }

    private async Task ServeAsync(NetworkStream plain)
    {
        Stream stream = plain;
        try
        {
            if (_certificate is not null)
            {
                var tls = new SslStream(plain);
                await tls.AuthenticateAsServerAsync(_certificate);
                stream = tls;
            }

            var header = new byte[EchoConnection.HeaderBytes];
            while (true)
            {
                await stream.ReadExactlyAsync(header);
                var bytes = new byte[BinaryPrimitives.ReadInt32BigEndian(header)];
                await stream.ReadExactlyAsync(bytes);
                var text = Encoding.UTF8.GetString(bytes);
                Received.Enqueue(text);
                if (_frozen is { } frozen)
                {
                    await frozen.Task;
                }

                await stream.WriteAsync(Message('r', Answer(text)));
            }
        }
        catch (Exception e)
            when (e is IOException or ObjectDisposedException or System.Security.Authentication.AuthenticationException)
        {
            // The other end is gone, or the test is over.
        }
        finally
        {
            _open.TryRemove(plain, out _);
            await stream.DisposeAsync();
        }
    }
}
