using System.Buffers.Binary;
using ClusterSession.Transport.Pipelines;
using ClusterSession.ZooKeeper.Protocol;

namespace ClusterSession.ZooKeeper.Connection;

/// <summary>Begins or continues a session. The first message of a connection.</summary>
internal sealed class GreetingRequest(ConnectRequest greeting) : PipelinedRequest<ConnectResponse>
{
    public override void WriteTo(SendBuffer output)
    {
        var body = greeting.Encode().Span;
        var space = output.GetSpan(sizeof(int) + body.Length);
        BinaryPrimitives.WriteInt32BigEndian(space, body.Length);
        body.CopyTo(space[sizeof(int)..]);
        output.Advance(sizeof(int) + body.Length);
    }

    public override void TakeReply(ReadOnlySpan<byte> reply)
    {
        try
        {
            var reader = new JuteReader(reply);
            Complete(ConnectResponse.Read(ref reader));
        }
        catch (ProtocolException e)
        {
            CompleteWith(e);
            throw;
        }
    }
}
