using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ClusterSession.MacroBenchmarks.Servers;

/// <summary>
/// Asks a Redis by inline commands over a connection that leaves no heartbeat in what is counted.
/// </summary>
internal sealed class RedisTextClient : IDisposable
{
    private readonly TcpClient _client = new();
    private readonly StreamReader _reader;

    public RedisTextClient(int port)
    {
        _client.Connect(IPAddress.Loopback, port);
        _reader = new StreamReader(_client.GetStream(), Encoding.Latin1);
    }

    public async Task SendAsync(string command) =>
        await _client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(command + "\r\n"));

    public Task<string?> ReadLineAsync() => _reader.ReadLineAsync();

    public void Dispose() => _client.Dispose();
}
