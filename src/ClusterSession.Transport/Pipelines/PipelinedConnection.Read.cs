namespace ClusterSession.Transport.Pipelines;

internal abstract partial class PipelinedConnection
{
    private readonly ReceiveBuffer _input = new();
    private long _lastReceivedAt;

    /// <summary>A reply has come that says no more than any other: its request takes it.</summary>
    /// <exception cref="ProtocolException">No request waits for one.</exception>
    protected void TakeReply(ReadOnlySpan<byte> reply)
    {
        var request = TakeAnswered(out var sentAt);
        ProveAlive(sentAt);
        request?.TakeReply(reply);
    }

    /// <summary>
    /// A reply has come: takes its request out of the ring. Null: it was given up, or the
    /// connection was closed.
    /// </summary>
    /// <exception cref="ProtocolException">No request waits for one.</exception>
    protected PipelinedRequest? TakeAnswered(out long sentAt)
    {
        lock (_gate)
        {
            if (_ring.Count > 0)
            {
                return _ring.Dequeue(out sentAt);
            }

            sentAt = 0;
            return _closeReason is not null ? null : throw new ProtocolException("A reply came that nobody asked for.");
        }
    }

    /// <summary>
    /// Notes that a reply has proved that the server serves. The proof counts from
    /// <paramref name="sentAt"/>, when the request of that reply was sent. Called before that
    /// request completes: anyone who sees its result must see the proof.
    /// </summary>
    protected void ProveAlive(long sentAt)
    {
        if (sentAt != 0)
        {
            Volatile.Write(ref _provenAliveAt, sentAt);
        }
    }

    /// <summary>
    /// The request that the next reply belongs to; null: none, or one that was given up.
    /// </summary>
    protected PipelinedRequest? PeekOldest()
    {
        lock (_gate)
        {
            return _ring.Count > 0 ? _ring.Oldest : null;
        }
    }

    private async Task ReadLoopAsync()
    {
        try
        {
            while (true)
            {
                var received = await _stream.ReadAsync(_input.GetFree()).ConfigureAwait(false);
                if (received == 0)
                {
                    CloseWith(sent => new ConnectionException($"{Address} closed the connection.", sent));
                    return;
                }

                Volatile.Write(ref _lastReceivedAt, _time.GetTimestamp());
                _input.Received(received);
                _input.Consume(ReadMessages(_input.Unread));
            }
        }
        catch (ProtocolException e)
        {
            CloseWith(sent => new ConnectionException($"{Address} violated the protocol: {e.Message}", sent, e));
        }
        catch (Exception e) // The loop has no caller; whatever ends it ends the connection.
        {
            CloseWith(sent => new ConnectionException($"Receiving from {Address} failed.", sent, e));
        }
        finally
        {
            _input.Dispose();
        }
    }
}
