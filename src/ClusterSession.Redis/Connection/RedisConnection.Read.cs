using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Pipelines;

namespace ClusterSession.Redis.Connection;

internal sealed partial class RedisConnection
{
    private readonly ReceiveBuffer _input = new();
    private readonly RespScanner _scanner;
    private readonly IRedisPushHandler? _pushHandler;
    private long _lastReceivedAt;

    private async Task ReadLoopAsync()
    {
        try
        {
            while (true)
            {
                var received = await _stream.ReadAsync(_input.GetFree()).ConfigureAwait(false);
                if (received == 0)
                {
                    CloseWith(sent => new RedisConnectionException($"{Endpoint} closed the connection.", sent));
                    return;
                }

                Volatile.Write(ref _lastReceivedAt, _time.GetTimestamp());
                _input.Received(received);
                ReadFrames();
            }
        }
        catch (RespProtocolException e)
        {
            CloseWith(sent => new RedisConnectionException($"{Endpoint} violated the protocol: {e.Message}", sent, e));
        }
#pragma warning disable CA1031 // the loop has no caller; whatever ends it ends the connection
        catch (Exception e)
#pragma warning restore CA1031
        {
            CloseWith(sent => new RedisConnectionException($"Receiving from {Endpoint} failed.", sent, e));
        }
        finally
        {
            _input.Dispose();
        }
    }

    private void ReadFrames()
    {
        while (true)
        {
            if (_scanner.Scan(_input.Unread) is not (> 0 and var length))
            {
                _input.Consume(_scanner.IsTooLong ? _scanner.Drop() : 0);
                return;
            }

            var frame = _input.Unread[..length];
            if (_scanner.IsTooLong)
            {
                Answered(default, isError: false)?.Fail(new RedisReplyTooLongException()); // The others have theirs.
                Echo.Expect(null);
            }
            else if (new RespReader(frame).Peek() is var type && type == RespType.Push)
            {
                TakePush(frame);
            }
            else
            {
                TakeReply(frame, isError: type is RespType.SimpleError or RespType.BulkError);
            }

            _input.Consume(length);
        }
    }

    private void TakeReply(ReadOnlySpan<byte> frame, bool isError)
    {
        var request = Answered(frame, isError);
        var reader = new RespReader(frame);
        request?.ParseReply(ref reader);
        Echo.Expect(request);
    }

    private RedisRequest? Answered(ReadOnlySpan<byte> frame, bool isError)
    {
        RedisRequest? request;
        long sentAt;
        lock (_gate)
        {
            if (_ring.Count == 0)
            {
                if (_closeReason is not null)
                {
                    return null;
                }

                throw new RespProtocolException("A reply came that nobody asked for.");
            }

            request = _ring.Dequeue(out sentAt);
        }

        // Before the request completes: who sees its result must see the lease that it proves.
        var isProof = Gate is not null
            ? request?.ProvesLease(frame) == true
            : Ruler is null || (!isError && request is { IsKeyed: true });
        if (isProof)
        {
            Volatile.Write(ref _provenAliveAt, sentAt);
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
        else if (AnswersSubscription())
        {
            TakeReply(frame, isError: false);
        }

        // Other pushes (monitor, future kinds) mean nothing to us.
    }

    private bool AnswersSubscription()
    {
        lock (_gate)
        {
            return _ring.Count > 0 && _ring.Oldest is { IsAnsweredByPush: true };
        }
    }
}
