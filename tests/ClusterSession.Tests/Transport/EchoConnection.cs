using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text;
using ClusterSession.Transport.Options;
using ClusterSession.Transport.Pipelines;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Tests.Transport;

/// <summary>
/// The least that a protocol is: a length (four bytes), a kind ('r' reply, 'p' push), text. The
/// server sends back what it gets.
/// </summary>
internal sealed class EchoConnection(Stream stream, ServerAddress address, TransportOptions options, TimeProvider time)
    : PipelinedConnection(stream, address, options, time)
{
    public const int HeaderBytes = 5;

    /// <summary>Replies and pushes as they were read.</summary>
    public ConcurrentQueue<string> Events { get; } = new();

    protected override int ReadMessages(ReadOnlySpan<byte> received)
    {
        var taken = 0;
        while (received.Length - taken >= HeaderBytes)
        {
            var header = received.Slice(taken, HeaderBytes);
            var length = HeaderBytes + BinaryPrimitives.ReadInt32BigEndian(header);
            var kind = (char)header[^1];
            if (length < HeaderBytes || kind is not ('r' or 'p'))
            {
                throw new ProtocolException("This is no message.");
            }

            if (received.Length - taken < length)
            {
                break;
            }

            var text = received[(taken + HeaderBytes)..(taken + length)];
            Events.Enqueue(kind + Encoding.UTF8.GetString(text));
            if (kind == 'r')
            {
                TakeReply(text);
            }

            taken += length;
        }

        return taken;
    }

    protected override Task BeatAsync() => SendAsync(new EchoRequest("beat")).AsTask();
}

/// <summary>Sends a text and gets it back.</summary>
internal sealed class EchoRequest(string text) : PipelinedRequest<string>
{
    public override void WriteTo(SendBuffer output)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var space = output.GetSpan(EchoConnection.HeaderBytes + bytes.Length);
        BinaryPrimitives.WriteInt32BigEndian(space, bytes.Length);
        space[EchoConnection.HeaderBytes - 1] = (byte)'r';
        bytes.CopyTo(space[EchoConnection.HeaderBytes..]);
        output.Advance(EchoConnection.HeaderBytes + bytes.Length);
    }

    public override void TakeReply(ReadOnlySpan<byte> reply) => Complete(Encoding.UTF8.GetString(reply));
}

/// <summary>Begins with "hello", which a server that is none of ours does not answer so.</summary>
internal sealed class EchoProtocol(TransportOptions options, TimeProvider time) : IProtocol<EchoConnection>
{
    public EchoConnection Create(Stream stream, ServerAddress address) => new(stream, address, options, time);

    public async Task GreetAsync(EchoConnection connection, CancellationToken cancellationToken)
    {
        var hello = connection.SendAsync(new EchoRequest("hello")).AsTask();
        connection.Start();
        if (await hello is not "hello")
        {
            throw new ConnectException(ConnectFailure.Unsupported, $"{connection.Address} is no echo.");
        }
    }
}
