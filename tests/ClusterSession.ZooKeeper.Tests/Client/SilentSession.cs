using System.Buffers.Binary;
using System.Net.Sockets;
using ClusterSession.ZooKeeper.Protocol;

namespace ClusterSession.ZooKeeper.Tests.Client;

/// <summary>
/// A session by bare bytes: it gives no signs of life, and may be one that somebody else has begun.
/// </summary>
internal sealed class SilentSession(int port) : IAsyncDisposable
{
    private readonly TcpClient _client = new();

    /// <summary>A session of its own with an ephemeral node.</summary>
    public async Task BeginAsync(string path, TimeSpan timeout)
    {
        await GreetAsync(new ConnectRequest(0, (int)timeout.TotalMilliseconds, 0, new byte[16]));
        var create = new JuteWriter()
            .Int(1)
            .Int((int)OperationCode.Create)
            .Create(path, [], NodeAccess.Everyone, CreateMode.Ephemeral);
        await AskAsync(create.Written);
    }

    /// <summary>Takes over another's session and ends it.</summary>
    public async Task CloseAsync(ConnectRequest greeting)
    {
        await _client.ConnectAsync("127.0.0.1", port);
        await SendAsync(greeting.Encode());
        await SendAsync(new JuteWriter().Int(1).Int((int)OperationCode.CloseSession).Written);
        try
        {
            await _client.GetStream().CopyToAsync(Stream.Null);
        }
        catch (IOException)
        {
            // The server has closed the connection, as it does after both.
        }
    }

    /// <summary>A sign of life, and the server's answer to it.</summary>
    public Task PingAsync() => AskAsync(new JuteWriter().Int(Xids.Ping).Int((int)OperationCode.Ping).Written);

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return default;
    }

    private async Task GreetAsync(ConnectRequest greeting)
    {
        await _client.ConnectAsync("127.0.0.1", port);
        await AskAsync(greeting.Encode());
    }

    private async Task SendAsync(ReadOnlyMemory<byte> message)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, message.Length);
        await _client.GetStream().WriteAsync((byte[])[.. length, .. message.Span]);
    }

    private async Task AskAsync(ReadOnlyMemory<byte> message)
    {
        await SendAsync(message);
        var stream = _client.GetStream();
        var length = new byte[4];
        await stream.ReadExactlyAsync(length);
        await stream.ReadExactlyAsync(new byte[BinaryPrimitives.ReadInt32BigEndian(length)]);
    }
}
