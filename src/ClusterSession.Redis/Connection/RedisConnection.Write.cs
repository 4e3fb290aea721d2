using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Pipelines;
using ClusterSession.Transport.Signals;

namespace ClusterSession.Redis.Connection;

internal sealed partial class RedisConnection
{
    private readonly WakeSignal _wake = new();
    private SendBuffer _filling = new();
    private SendBuffer _sending = new();

    // True while the flush loop works or has been woken; the one that sets it wakes the loop.
    private bool _flushing;

    // Ring number up to which requests were handed to the stream. Those beyond were certainly not
    // executed.
    private long _handedOver;
    private long _lastSentAt;
    private long _lastKeyedSentAt;

    /// <summary>
    /// Sends a request. Never throws: a request that cannot be sent fails with the reason.
    /// </summary>
    public void Send(RedisRequest request)
    {
        Exception? refusal;
        bool wake;
        bool alone;
        lock (_gate)
        {
            refusal = RefusalLocked(1) ?? EnqueueLocked(request);
            wake = refusal is null && !_flushing;
            _flushing |= wake;
            alone = _ring.Count == 1;
        }

        if (refusal is not null)
        {
            request.Fail(refusal);
        }
        else if (wake)
        {
            _wake.Set(onThisThread: alone);
        }
    }

    /// <summary>
    /// Sends two requests with nothing in between, such as ASKING and what is asked, or a script
    /// and the WAIT for it. Both are sent or neither.
    /// </summary>
    public void Send(RedisRequest first, RedisRequest second)
    {
        Exception? refusal;
        bool wake;
        bool alone;
        lock (_gate)
        {
            refusal = RefusalLocked(2);
            if (refusal is null)
            {
                var mark = _filling.Length;
                refusal = EnqueueLocked(first);
                if (refusal is null)
                {
                    refusal = EnqueueLocked(second);
                    if (refusal is not null)
                    {
                        _filling.Truncate(mark);
                        _ring.TakeBackNewest();
                    }
                }
            }

            wake = refusal is null && !_flushing;
            _flushing |= wake;
            alone = _ring.Count == 2;
        }

        if (refusal is not null)
        {
            first.Fail(refusal);
            second.Fail(refusal);
        }
        else if (wake)
        {
            _wake.Set(onThisThread: alone);
        }
    }

    private RedisConnectionException? RefusalLocked(int requests)
    {
        if (_closeReason is { } reason)
        {
            return new RedisConnectionException(reason.Message, sent: false, reason);
        }

        if (_ring.Count + requests > _options.MaxInFlight)
        {
            return new RedisBackPressureException($"{_ring.Count} commands wait for {Endpoint} already (MaxInFlight).");
        }

        if (_filling.Length > _options.MaxUnsentBytes)
        {
            return new RedisBackPressureException(
                $"{_filling.Length} bytes wait to be sent to {Endpoint} already (MaxUnsentBytes)."
            );
        }

        return null;
    }

    private Exception? EnqueueLocked(RedisRequest request)
    {
        var mark = _filling.Length;
        try
        {
            var writer = new RespWriter(_filling);
            request.WriteTo(ref writer);
            if (writer.Commands != 1 || writer.Missing != 0)
            {
                throw new InvalidOperationException(
                    $"{request.GetType().Name} wrote {writer.Commands} commands, {writer.Missing} arguments missing."
                );
            }
        }
#pragma warning disable CA1031 // whatever a request throws, half a command must not stay in the stream of all
        catch (Exception e)
#pragma warning restore CA1031
        {
            _filling.Truncate(mark);
            return e;
        }

        // Taken before the bytes leave: the answer proves the connection alive at least since then.
        var now = _time.GetTimestamp();
        _lastSentAt = now;
        if (request.IsKeyed)
        {
            _lastKeyedSentAt = now;
        }

        _ring.Enqueue(request, now);
        return null;
    }

    private async Task FlushLoopAsync()
    {
        try
        {
            while (true)
            {
                await _wake.WaitAsync().ConfigureAwait(false);
                // The loop may run on the thread of the caller that woke it: that one sends once,
                // and is then let go.
                for (var round = 0; TrySwap(); round++)
                {
                    if (round == 1)
                    {
                        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
                    }

                    await _stream.WriteAsync(_sending.Written).ConfigureAwait(false);
                    _sending.Clear();
                }

                if (IsClosed)
                {
                    return;
                }
            }
        }
#pragma warning disable CA1031 // the loop has no caller; whatever ends it ends the connection
        catch (Exception e)
#pragma warning restore CA1031
        {
            CloseWith(sent => new RedisConnectionException($"Sending to {Endpoint} failed.", sent, e));
        }
        finally
        {
            lock (_gate)
            {
                _filling.Dispose();
                _sending.Dispose();
            }
        }
    }

    private bool TrySwap()
    {
        lock (_gate)
        {
            // A closed connection keeps _flushing set, so that nobody wakes a loop that has ended.
            if (_closeReason is not null)
            {
                return false;
            }

            if (_filling.Length == 0)
            {
                _flushing = false;
                return false;
            }

            (_filling, _sending) = (_sending, _filling);
            _handedOver = _ring.Next;
            return true;
        }
    }
}
