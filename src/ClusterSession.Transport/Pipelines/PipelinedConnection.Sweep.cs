namespace ClusterSession.Transport.Pipelines;

internal abstract partial class PipelinedConnection
{
    private readonly List<PipelinedRequest> _givenUp = [];
    private ITimer? _sweep;
    private TimeSpan _sweepPeriod;
    private long _lastSweepAt;
    private int _sweeping;
    private int _beating;

    private void StartSweep()
    {
        var shortest =
            _options.HeartbeatInterval < _options.CommandTimeout ? _options.HeartbeatInterval : _options.CommandTimeout;
        _sweepPeriod = shortest / 3;
        _sweep = _time.CreateTimer(
            static state => ((PipelinedConnection)state!).Sweep(),
            this,
            _sweepPeriod,
            _sweepPeriod
        );
        if (IsClosed)
        {
            _sweep.Dispose();
        }
    }

    private void Sweep()
    {
        // A timer may fire while its last call still runs.
        if (IsClosed || Interlocked.Exchange(ref _sweeping, 1) != 0)
        {
            return;
        }

        try
        {
            var now = _time.GetTimestamp();
            // A process that was frozen (stopped, a long garbage collection) finds replies waiting
            // in the socket: it must read before it judges.
            var wasFrozen = _time.GetElapsedTime(_lastSweepAt, now) > _options.HeartbeatTimeout / 2 + _sweepPeriod;
            _lastSweepAt = now;
            if (wasFrozen)
            {
                _judgeFrom = now;
            }

            if (CloseIfDead(now))
            {
                return;
            }

            GiveUpLate(now);
            KeepAlive(now);
        }
        finally
        {
            Volatile.Write(ref _sweeping, 0);
        }
    }

    // After a freeze silence and lateness count from the awakening; only the sweep reads and writes
    // it.
    private long _judgeFrom;

    private bool CloseIfDead(long now)
    {
        long waitingSince;
        lock (_gate)
        {
            if (_ring.Count == 0)
            {
                return false;
            }

            waitingSince = _ring.OldestSentAt;
        }

        var silentSince = Math.Max(Math.Max(waitingSince, Volatile.Read(ref _lastReceivedAt)), _judgeFrom);
        if (_time.GetElapsedTime(silentSince, now) < _options.HeartbeatTimeout)
        {
            return false;
        }

        CloseWith(sent => new ConnectionException(
            $"{Address} has not answered for {_options.HeartbeatTimeout.TotalMilliseconds:0} ms (HeartbeatTimeout); "
                + "the connection is taken for dead.",
            sent
        ));
        return true;
    }

    private void GiveUpLate(long now)
    {
        var timeout = (long)(_options.CommandTimeout.TotalSeconds * _time.TimestampFrequency);
        if (_judgeFrom + timeout > now && _judgeFrom != 0)
        {
            return;
        }

        lock (_gate)
        {
            _ring.GiveUpSentBefore(now - timeout, _givenUp);
        }

        foreach (var request in _givenUp)
        {
            request.FailWithoutThrowing(
                new RequestTimeoutException(
                    $"{Address} did not answer within {_options.CommandTimeout.TotalMilliseconds:0} ms "
                        + "(CommandTimeout); whether the command was executed is unknown."
                )
            );
        }

        _givenUp.Clear();
    }

    private void KeepAlive(long now)
    {
        long lastSignAt;
        lock (_gate)
        {
            lastSignAt = _lastSignAt;
        }

        // The slack of half a period makes the interval the longest pause, not the shortest. The
        // next one is not sent before the last is answered.
        if (
            _time.GetElapsedTime(lastSignAt, now) + _sweepPeriod / 2 >= _options.HeartbeatInterval
            && Interlocked.Exchange(ref _beating, 1) == 0
        )
        {
            _ = BeatOnceAsync();
        }
    }

    private async Task BeatOnceAsync()
    {
        try
        {
            await BeatAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is ConnectionException or ProtocolException)
        {
            // Lateness and death are the sweep's to judge.
        }
        finally
        {
            Volatile.Write(ref _beating, 0);
        }
    }
}
