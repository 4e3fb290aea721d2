using System.Net;
using System.Net.Sockets;

namespace ClusterSession.Tests.Redis.Connection;

/// <summary>
/// The far end of an allocation measurement: answers +PONG to every 14 bytes (the length of a PING)
/// and allocates nothing doing so.
/// </summary>
internal sealed class PongListener : IDisposable
{
    private const int PingLength = 14;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public PongListener()
    {
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        new Thread(Answer) { IsBackground = true }.Start();
    }

    public int Port { get; }

    public async Task<Stream> ConnectAsync()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, Port);
        return new NetworkStream(socket, ownsSocket: true);
    }

    public void Dispose() => _listener.Dispose();

    private void Answer()
    {
        try
        {
            using var socket = _listener.AcceptSocket();
            socket.NoDelay = true;
            var buffer = new byte[65536];
            var pong = "+PONG\r\n"u8.ToArray();
            var received = 0L;
            var answered = 0L;
            int count;
            while ((count = socket.Receive(buffer)) > 0)
            {
                received += count;
                for (; answered < received / PingLength; answered++)
                {
                    socket.Send(pong);
                }
            }
        }
        catch (SocketException)
        {
            // The test is over.
        }
    }
}
