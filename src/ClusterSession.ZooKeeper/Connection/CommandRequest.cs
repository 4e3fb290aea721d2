using System.Buffers.Binary;
using ClusterSession.Transport.Pipelines;
using ClusterSession.ZooKeeper.Protocol;

namespace ClusterSession.ZooKeeper.Connection;

/// <summary>A command on its way. Its result is a value, whatever happens.</summary>
internal sealed class CommandRequest<T>(Command<T> command, ZooKeeperConnection connection)
    : PipelinedRequest<ZooKeeperResult<T>>
{
    private const int HeaderBytes = 2 * sizeof(int);
    private int _xid;

    public override void WriteTo(SendBuffer output)
    {
        _xid = command.Xid ?? connection.NextXid();
        var body = command.Body.Span;
        var space = output.GetSpan(sizeof(int) + HeaderBytes + body.Length);
        BinaryPrimitives.WriteInt32BigEndian(space, HeaderBytes + body.Length);
        BinaryPrimitives.WriteInt32BigEndian(space[4..], _xid);
        BinaryPrimitives.WriteInt32BigEndian(space[8..], (int)command.Code);
        body.CopyTo(space[12..]);
        output.Advance(sizeof(int) + HeaderBytes + body.Length);
    }

    public override void TakeReply(ReadOnlySpan<byte> reply)
    {
        try
        {
            var reader = new JuteReader(reply);
            var header = ReplyHeader.Read(ref reader);
            if (header.Xid != _xid)
            {
                throw new ProtocolException($"The reply to request {header.Xid} came in place of that to {_xid}.");
            }

            var result =
                header.Error == 0
                    ? command.Read(ref reader)
                    : new ZooKeeperResult<T>((ZooKeeperCode)header.Error, default);
            command.OnReply?.Invoke(result.Code);
            Complete(result);
        }
        catch (ProtocolException)
        {
            Complete(new ZooKeeperResult<T>(ZooKeeperCode.Unknown, default));
            throw;
        }
    }

    protected override void OnFailed(Exception reason) =>
        Complete(
            new ZooKeeperResult<T>(
                reason is ConnectionException { Sent: false } ? ZooKeeperCode.NotSent : ZooKeeperCode.Unknown,
                default
            )
        );
}
