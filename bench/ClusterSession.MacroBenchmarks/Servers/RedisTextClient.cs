using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ClusterSession.MacroBenchmarks.Servers;

/// <summary>Asks a Redis by inline commands over a connection that leaves no heartbeat in what is counted.</summary>
internal sealed class RedisTextClient : IDisposable
{
    private readonly TcpClient _client = new();
    private readonly StreamReader _reader;

    public RedisTextClient(int port)
    {
        _client.Connect(IPAddress.Loopback, port);
        _reader = new StreamReader(_client.GetStream(), Encoding.Latin1);
    }

    public async Task SendAsync(string command) => await _client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(command + "\r\n"));

    public Task<string?> ReadLineAsync() => _reader.ReadLineAsync();

    public async Task<string> ReadBulkAsync(string command)
    {
        await SendAsync(command);
        var header = await _reader.ReadLineAsync() ?? throw new IOException("Redis closed the connection.");
        if (!header.StartsWith('$'))
        {
            throw new IOException($"Redis answered {command} with {header}");
        }

        var text = new char[int.Parse(header.AsSpan(1), CultureInfo.InvariantCulture) + 2];
        await _reader.ReadBlockAsync(text);
        return new string(text, 0, text.Length - 2);
    }

    public void Dispose() => _client.Dispose();
}
