using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ClusterSession.Tests.TestKit.Faults;

/// <summary>
/// A client that reads in the background, so that a test can look at what has arrived without
/// waiting for it.
/// </summary>
internal sealed class LoopbackClient : IAsyncDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
    {
        NoDelay = true,
    };
    private readonly MemoryStream _received = new();
    private Task _reading = Task.CompletedTask;

    /// <summary>FIN was seen.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>RST was seen.</summary>
    public bool IsReset { get; private set; }

    public byte[] ReceivedBytes
    {
        get
        {
            lock (_received)
            {
                return _received.ToArray();
            }
        }
    }

    public string Received => Encoding.ASCII.GetString(ReceivedBytes);

    public static async Task<LoopbackClient> ConnectAsync(EndPoint endPoint)
    {
        var client = new LoopbackClient();
        try
        {
            await client._socket.ConnectAsync(endPoint);
            client._reading = client.ReadAsync();
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            client.IsReset = true; // Accepted, and reset before this side saw that it was.
        }

        return client;
    }

    public Task SendAsync(string text) => SendAsync(Encoding.ASCII.GetBytes(text));

    public async Task SendAsync(byte[] bytes) => await _socket.SendAsync(bytes);

    public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _reading;
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[4096];
        try
        {
            for (int n; (n = await _socket.ReceiveAsync(buffer)) > 0; )
            {
                lock (_received)
                {
                    _received.Write(buffer.AsSpan(0, n));
                }
            }
            IsClosed = true;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            IsReset = true;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed by the test.
        }
    }
}
