using System.Buffers;
using System.Net.Sockets;
using System.Text;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.TestKit.Faults;
using ClusterSession.Transport.Pipelines;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>
/// A tracked connection that shows what the server sends, frame by frame: nothing of the product's
/// own connection is between.
/// </summary>
internal sealed class TrackedLink : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private readonly TcpClient _client = new();

    public static async Task<TrackedLink> ConnectAsync(RedisServer redis)
    {
        var link = new TrackedLink();
        await link._client.ConnectAsync(redis.Host, redis.Port);
        await link.FramesAsync(new RedisCommand("HELLO", "3"));
        await link.FramesAsync(new RedisCommand("CLIENT", "TRACKING", "ON"));
        return link;
    }

    /// <summary>
    /// Sends a request, gives it its answer, and says which keys were pushed before and after that.
    /// </summary>
    public async Task<(string Answer, IReadOnlyList<string> Before, IReadOnlyList<string> After)> AskAsync(
        IRedisRequest request
    )
    {
        var frames = await FramesAsync(request);
        var at = frames.FindIndex(static frame => frame[0] != '>');
        var answer = frames[at];
        Parse(request, answer);
        var text = Encoding.Latin1.GetString(answer);
        return (text, [.. frames.Take(at).Select(KeyOf)], [.. frames.Skip(at + 1).Select(KeyOf)]);
    }

    public void Dispose() => _client.Dispose();

    private static void Parse(IRedisRequest request, byte[] answer)
    {
        var reader = new RespReader(answer);
        request.ParseReply(ref reader);
    }

    /// <summary>The one key that an invalidation names.</summary>
    private static string KeyOf(byte[] push) => Encoding.UTF8.GetString(push).Split("\r\n")[^2];

    /// <summary>
    /// All that comes up to the answer of a PING that is sent behind it, without that.
    /// </summary>
    private async Task<List<byte[]>> FramesAsync(IRedisRequest request)
    {
        using var output = new SendBuffer();
        Write(request, output);
        Write(new RedisCommand("PING"), output);
        var stream = _client.GetStream();
        await stream.WriteAsync(output.Written);
        var frames = new List<byte[]>();
        var scanner = new RespFrameScanner();
        var frame = new ArrayBufferWriter<byte>();
        var buffer = new byte[16 << 10];
        using var limit = new CancellationTokenSource(Limit);
        while (true)
        {
            var received = await stream.ReadAsync(buffer, limit.Token);
            if (received == 0)
            {
                throw new EndOfStreamException("The server has closed the connection.");
            }

            for (var at = 0; at < received; )
            {
                var taken = scanner.Consume(buffer.AsSpan(at, received - at), out var ended);
                frame.Write(buffer.AsSpan(at, taken));
                at += taken;
                if (!ended)
                {
                    continue;
                }

                if (frame.WrittenSpan.SequenceEqual("+PONG\r\n"u8))
                {
                    return frames;
                }

                frames.Add(frame.WrittenSpan.ToArray());
                frame.Clear();
            }
        }
    }

    private static void Write(IRedisRequest request, SendBuffer output)
    {
        var writer = new RespWriter(output);
        request.WriteTo(ref writer);
    }
}
