using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Pipelines;

namespace ClusterSession.Redis.Connection;

internal sealed partial class RedisConnection
{
    private readonly RespScanner _scanner;
    private readonly IRedisPushHandler? _pushHandler;

    /// <inheritdoc/>
    protected override int ReadMessages(ReadOnlySpan<byte> received)
    {
        var taken = 0;
        while (_scanner.Scan(received[taken..]) is > 0 and var length)
        {
            TakeFrame(received.Slice(taken, length));
            taken += length;
        }

        return taken + (_scanner.IsTooLong ? _scanner.Drop() : 0);
    }

    private void TakeFrame(ReadOnlySpan<byte> frame)
    {
        if (_scanner.IsTooLong)
        {
            Answered(default, isError: false)?.Fail(new RedisReplyTooLongException()); // The others have theirs.
            Echo.Expect(null);
            return;
        }

        var type = new RespReader(frame).Peek();
        if (type == RespType.Push)
        {
            TakePush(frame);
        }
        else
        {
            TakeReply(frame, isError: type is RespType.SimpleError or RespType.BulkError);
        }
    }

    private void TakeReply(ReadOnlySpan<byte> frame, bool isError)
    {
        var request = Answered(frame, isError);
        request?.TakeReply(frame);
        Echo.Expect(request);
    }

    private PipelinedRequest? Answered(ReadOnlySpan<byte> frame, bool isError)
    {
        var request = TakeAnswered(out var sentAt);
        var isProof = Gate is not null
            ? request is IRedisRequest asked && asked.ProvesLease(frame)
            : Ruler is null || (!isError && request is IRedisRequest { IsKeyed: true });
        if (isProof)
        {
            ProveAlive(sentAt);
        }

        return request;
    }

    private void TakePush(ReadOnlySpan<byte> frame)
    {
        var reader = new RespReader(frame);
        var members = reader.ReadArray();
        var kind = reader.ReadBytes();
        if (kind.SequenceEqual("invalidate"u8))
        {
            if (members < 2)
            {
                throw new RespProtocolException("An invalidation names no keys.");
            }

            reader.Read();
            if (reader.IsNull)
            {
                _pushHandler?.OnInvalidateAll(this);
                return;
            }

            if (!reader.IsAggregate)
            {
                throw new RespProtocolException("An invalidation names no list of keys.");
            }

            for (var left = reader.Count; left > 0; left--)
            {
                if (reader.ReadBytes() is var key && !Echo.IsOf(key))
                {
                    _pushHandler?.OnInvalidate(this, key);
                }
            }
        }
        else if (kind.SequenceEqual("message"u8) && members == 3)
        {
            var channel = reader.ReadBytes();
            _pushHandler?.OnMessage(this, channel, reader.ReadBytes());
        }
        else if (PeekOldest() is IRedisRequest { IsAnsweredByPush: true })
        {
            TakeReply(frame, isError: false);
        }

        // Other pushes (monitor, future kinds) mean nothing to us.
    }
}
