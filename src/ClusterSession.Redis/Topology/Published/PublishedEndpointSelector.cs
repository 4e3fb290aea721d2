using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Connection.Fencing;
using ClusterSession.Transport.Links;
using ClusterSession.Transport.Options;
using ClusterSession.Transport.Signals;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Redis.Topology.Published;

/// <summary>
/// Leads the link to the master that the agents have published, and away from one that they have
/// replaced. Thread-safe.
/// </summary>
/// <remarks>
/// <code>
///  not connected:   m is published          -> try m, then the other members; each must show its
///                                              lease
///                   nothing known yet       -> wait for the directory, or say what is wrong
///  connected to m:  n under a higher epoch  -> leave m at once, even if it still answers
///                   directory is away       -> nothing: m stays while it shows its lease
///  connected to a member that is not published: it was opened a moment ago. Left for what is
///                                               published under a higher epoch than its own
/// </code>
/// The directory says where to look first, and the lease record of the server whether it may be
/// used: so a directory that is away, or behind, costs a second look and admits nobody who was
/// deposed. An epoch that was published counts as seen: from then on a lower one is refused.
/// Without a lease to look at (<paramref name="lease"/> is null) the published master alone is
/// used.
/// </remarks>
/// <param name="place">Named in messages while no master is known.</param>
/// <param name="patience">How long a first answer of the directory is waited for.</param>
/// <param name="lease">Judges servers; null: each that is master will do.</param>
/// <param name="time">Clock of all deadlines.</param>
internal sealed class PublishedEndpointSelector(
    ServerAddress place,
    TimeSpan patience,
    LeaseAdmission? lease,
    TimeProvider time
) : IEndpointSelector<RedisConnection>
{
    // A member whose host is gone must not take the time of the others.
    private static readonly TimeSpan GuessTimeout = TimeSpan.FromMilliseconds(500);

    // Guards everything below. Not held while calling out, except to the lease.
    private readonly Lock _gate = new();
    private readonly ChangeSignal _changed = new();
    private PublishedMaster? _published;
    private ConnectException? _missing;
    private LinkTarget? _target;
    private long? _admitted; // the greatest epoch when the target was let in; null: it is not
    private int _next;

    /// <inheritdoc/>
    public ServerAddress Place => place;

    /// <summary>The directory was read.</summary>
    public void Published(PublishedMaster published)
    {
        LinkTarget? left = null;
        lock (_gate)
        {
            _missing = null;
            // What is older than what was published before is ignored: that server of the directory
            // is behind. An ensemble that lost its data counts changes anew; what it says is used
            // once its agents' epochs were raised.
            if (_published is { } known && published.Change < known.Change && published.Epoch <= known.Epoch)
            {
                return;
            }

            var former = (_published?.Master, Epoch: _published?.Epoch ?? 0);
            _published =
                published.Master is null || lease?.Accept(published.Epoch) == false
                    ? published with
                    {
                        Master = former.Master,
                        Epoch = former.Epoch,
                    }
                    : published;
            if (_published.Master is { } master && (master, _published.Epoch) != former)
            {
                _next = 0;
                var isReplaced = _admitted is not { } epoch || lease is null || _published.Epoch > epoch;
                left = _target is { } target && target.Address != master.Address && isReplaced ? target : null;
            }
        }

        _changed.Set();
        left?.Leave();
    }

    /// <summary>The directory cannot be read; what it said before is used.</summary>
    public void Missing(ConnectException reason)
    {
        lock (_gate)
        {
            _missing = reason;
        }

        _changed.Set();
    }

    /// <inheritdoc/>
    public async ValueTask<LinkTarget> NextAsync(CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        while (true)
        {
            Task changed;
            var left = patience - time.GetElapsedTime(begun);
            lock (_gate)
            {
                changed = _changed.Next;
                if (CandidatesLocked() is { Count: > 0 } candidates)
                {
                    return ChooseLocked(candidates);
                }

                if (_missing is { } missing && (missing.NeedsOperator || left <= TimeSpan.Zero))
                {
                    throw new ConnectException(missing.Failure, missing.Message, missing);
                }
            }

            if (left <= TimeSpan.Zero)
            {
                throw new ConnectException(ConnectFailure.TimedOut, "No master was published in time.");
            }

            await changed
                .WaitAsync(left, time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <inheritdoc/>
    public async ValueTask AdmitAsync(
        RedisConnection connection,
        LinkTarget target,
        CancellationToken cancellationToken
    )
    {
        if (lease is not null)
        {
            await lease.AdmitAsync(connection).ConfigureAwait(false);
        }

        lock (_gate)
        {
            _admitted = lease?.Greatest ?? 0;
        }
    }

    /// <inheritdoc/>
    public bool Failed(LinkTarget? target, ConnectException failure)
    {
        lock (_gate)
        {
            // The pause comes after all of them.
            return CandidatesLocked() is { Count: > 0 } candidates && _next % candidates.Count != 0;
        }
    }

    /// <inheritdoc/>
    public void Changed(bool isConnected)
    {
        lock (_gate)
        {
            _next = 0;
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"the master that is published at {place}";

    private List<RedisEndpoint> CandidatesLocked()
    {
        RedisEndpoint[] first = _published?.Master is { } master ? [master] : [];
        return lease is null ? [.. first] : [.. first.Union(_published?.Members ?? [])];
    }

    private LinkTarget ChooseLocked(List<RedisEndpoint> candidates)
    {
        var at = _next++ % candidates.Count;
        _admitted = null;
        _target = new LinkTarget(candidates[at].Address) { IsGuess = at > 0 };
        if (at > 0)
        {
            _target.StopTryingAfter(GuessTimeout, time);
        }

        return _target;
    }
}
