using ClusterSession.Transport.Signals;

namespace ClusterSession.Transport.Pipelines;

internal abstract partial class PipelinedConnection
{
    private readonly WakeSignal _wake = new();
    private SendBuffer _filling = new();
    private SendBuffer _sending = new();

    // True while the flush loop works or has been woken; the one that sets it wakes the loop.
    private bool _flushing;

    // Ring number up to which requests were handed to the stream. Those beyond were certainly not
    // executed.
    private long _handedOver;
    private long _lastSignAt;

    /// <summary>
    /// Sends a request. Never throws: a request that cannot be sent fails with the reason.
    /// </summary>
    public void Send(PipelinedRequest request)
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
    /// Sends two requests with nothing in between. Both are sent or neither.
    /// </summary>
    public void Send(PipelinedRequest first, PipelinedRequest second)
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
            first.FailWithoutThrowing(refusal);
            second.FailWithoutThrowing(refusal);
        }
        else if (wake)
        {
            _wake.Set(onThisThread: alone);
        }
    }

    private ConnectionException? RefusalLocked(int requests)
    {
        if (_closeReason is { } reason)
        {
            return new ConnectionException(reason.Message, sent: false, reason);
        }

        if (_ring.Count + requests > _options.MaxInFlight)
        {
            return new BackPressureException($"{_ring.Count} commands wait for {Address} already (MaxInFlight).");
        }

        if (_filling.Length > _options.MaxUnsentBytes)
        {
            return new BackPressureException(
                $"{_filling.Length} bytes wait to be sent to {Address} already (MaxUnsentBytes)."
            );
        }

        return null;
    }

    private Exception? EnqueueLocked(PipelinedRequest request)
    {
        var mark = _filling.Length;
        try
        {
            request.WriteTo(_filling);
        }
        catch (Exception e) // Whatever a request throws, half a request must not stay in the stream of all.
        {
            _filling.Truncate(mark);
            return e;
        }

        // Taken before the bytes leave: the answer proves the connection alive at least since then.
        var now = _time.GetTimestamp();
        if (IsHeartbeat(request))
        {
            _lastSignAt = now;
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
        catch (Exception e) // The loop has no caller; whatever ends it ends the connection.
        {
            CloseWith(sent => new ConnectionException($"Sending to {Address} failed.", sent, e));
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
