using ClusterSession.Redis.Connection;
using ClusterSession.Transport.Links;
using ClusterSession.Transport.Options;
using ClusterSession.Transport.Signals;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Redis.Topology.Sentinel;

/// <summary>
/// Leads the link to the master that the sentinels name, and away from one that they have replaced.
/// Thread-safe.
/// </summary>
/// <remarks>
/// <code>
///  link not connected:  sentinels name m       -> try m (it must say that it is master: a
///                                                 sentinel may be stale)
///                       they are replacing m   -> guess: try the replicas in turn; one that is
///                                                 master and continues the history that was
///                                                 current is the new master
///  link connected to m: a newer epoch names n  -> leave m at once, even if it still answers
///  connected by guess:  confirmed by a newer epoch, or left as soon as the sentinels are done and
///                       name another
/// </code>
/// Why guess: sentinels ask a promoted replica once a second how it is. Six failovers measured
/// (down-after 1 s, kill -9 and SIGSTOP): first write 2 to 65 ms after the replica said master,
/// while most sentinels named it 856 to 957 ms after. A guess that turns out wrong (the failover is
/// given up, or finished with another replica) is left, and what was written there is replayed like
/// everything a failover loses.
/// </remarks>
internal sealed class SentinelEndpointSelector(
    string service,
    IReadOnlyList<RedisEndpoint> given,
    TimeSpan patience,
    TimeSpan fenceTimeout,
    TimeProvider time,
    IRedisTopologyObserver? observer
) : IEndpointSelector<RedisConnection>
{
    // At the start a stale sentinel may be the first to answer; the others get this long to say
    // otherwise.
    private static readonly TimeSpan FirstRound = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan GuessTimeout = TimeSpan.FromMilliseconds(300);

    // Guards everything below. Not held while calling out.
    private readonly Lock _gate = new();
    private readonly SentinelView _view = new();
    private readonly ChangeSignal _changed = new();
    private LinkTarget? _target;
    private string? _history;
    private bool _isConnected;
    private bool _firstRoundOver;
    private bool _acceptsOlder;
    private int _guesses;
    private long _missingSince = time.GetTimestamp();

    /// <summary>Answers why no sentinel helps; set by the topology.</summary>
    public Func<ConnectException?>? WhyNoSentinel { get; set; }

    /// <summary>Called when the master is lost; set by the topology.</summary>
    public Action? MasterLost { get; set; }

    /// <inheritdoc/>
    public ServerAddress Place => given[0].Address;

    /// <summary>A sentinel has answered. Answers all sentinels known now.</summary>
    public IReadOnlyList<RedisEndpoint> Answered(RedisEndpoint sentinel, SentinelAnswer answer, Action masterChanged)
    {
        IReadOnlyList<RedisEndpoint> sentinels;
        bool changed,
            isReplaced,
            isFutile;
        LinkTarget? target;
        lock (_gate)
        {
            changed = _view.Report(sentinel, answer);
            sentinels = _view.Sentinels;
            target = _target;
            isReplaced =
                target is not null
                && _view.Master is { } master
                && target.Address != master.Address
                && !(target.IsGuess && _view.IsFailingOver);
            isFutile = target is { IsGuess: false } && !_isConnected && CanGuessLocked();
        }

        if (isReplaced)
        {
            target?.Leave();
        }
        else if (isFutile)
        {
            target?.StopTrying();
        }

        Signal();
        if (changed)
        {
            masterChanged();
        }

        return sentinels;
    }

    /// <summary>A sentinel does not answer any more; what it said counts no longer.</summary>
    public void Lost(RedisEndpoint sentinel)
    {
        lock (_gate)
        {
            _view.Lost(sentinel);
        }

        Signal();
    }

    /// <summary>Something may have changed: anyone who waits looks again.</summary>
    public void Signal() => _changed.Set();

    /// <inheritdoc/>
    public async ValueTask<LinkTarget> NextAsync(CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        while (true)
        {
            Task changed;
            TimeSpan left;
            lock (_gate)
            {
                changed = _changed.Next;
                ForgetLocked();
                left = _view.Master is null ? patience - time.GetElapsedTime(begun) : FirstRoundLeftLocked(begun);
                if (left <= TimeSpan.Zero && _view.Master is { } master)
                {
                    _firstRoundOver = true;
                    return _target = ChooseLocked(master);
                }

                if (_view.IsUnknown && _view.Answered >= given.Count)
                {
                    throw new ConnectException(
                        RedisConnectFailure.UnknownService,
                        $"The sentinels know no master '{service}' (serviceName)."
                    );
                }
            }

            if (WhyNoSentinel?.Invoke() is { } failure && (failure.NeedsOperator || left <= TimeSpan.Zero))
            {
                throw new ConnectException(
                    failure.Failure,
                    $"No sentinel answers. The last one: {failure.Message}",
                    failure
                );
            }

            if (left <= TimeSpan.Zero)
            {
                throw new ConnectException(
                    ConnectFailure.TimedOut,
                    $"No sentinel has named the master '{service}' in time."
                );
            }

            await changed
                .WaitAsync(left, time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <inheritdoc/>
    public ValueTask AdmitAsync(RedisConnection connection, LinkTarget target, CancellationToken cancellationToken)
    {
        var older = false;
        lock (_gate)
        {
            if (target.IsGuess && (connection.Server.FormerHistory is not { } former || former != _history))
            {
                throw new ConnectException(
                    RedisConnectFailure.Deposed,
                    $"{connection.Endpoint} is a master that the sentinels do not name, and does not continue the last "
                        + "one's history."
                );
            }

            if (connection.Server.ReplicationId.Length > 0)
            {
                _history = connection.Server.ReplicationId;
            }

            (older, _acceptsOlder) = (_acceptsOlder, false);
        }

        if (older)
        {
            observer?.OnDeposedAccepted(
                connection,
                "the sentinels' configuration is older than one that was seen, and nothing else could be reached for "
                    + $"{fenceTimeout.TotalSeconds:0} s (FenceTimeout)."
            );
        }

        return default;
    }

    /// <inheritdoc/>
    public bool Failed(LinkTarget? target, ConnectException failure)
    {
        lock (_gate)
        {
            return target is { IsGuess: true } && _guesses % Math.Max(1, _view.Replicas.Count) != 0;
        }
    }

    /// <inheritdoc/>
    public void Changed(bool isConnected)
    {
        lock (_gate)
        {
            _isConnected = isConnected;
            _missingSince = time.GetTimestamp();
        }

        if (!isConnected)
        {
            MasterLost?.Invoke();
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"the master '{service}' that the sentinels {string.Join(", ", given)} name";

    private TimeSpan FirstRoundLeftLocked(long begun) =>
        _firstRoundOver || _view.Answered >= given.Count ? TimeSpan.Zero : FirstRound - time.GetElapsedTime(begun);

    private LinkTarget ChooseLocked(RedisEndpoint master)
    {
        if (!CanGuessLocked())
        {
            return new LinkTarget(master.Address);
        }

        var replicas = _view.Replicas;
        var guess = new LinkTarget(replicas[_guesses++ % replicas.Count].Address) { IsGuess = true };
        guess.StopTryingAfter(GuessTimeout, time);
        return guess;
    }

    private bool CanGuessLocked() => _history is not null && _view is { IsFailingOver: true, Replicas.Count: > 0 };

    /// <summary>
    /// Forgets the newest configuration if no master was connected for FenceTimeout and all
    /// sentinels that answer have an older one. Such sentinels were set up anew and count from 0.
    /// Without this, their answers would look old for ever.
    /// </summary>
    private void ForgetLocked()
    {
        if (_isConnected || !_view.AllAreOlder || time.GetElapsedTime(_missingSince) < fenceTimeout)
        {
            return;
        }

        _view.Forget();
        _acceptsOlder = true;
        _firstRoundOver = false;
        _missingSince = time.GetTimestamp();
    }
}
