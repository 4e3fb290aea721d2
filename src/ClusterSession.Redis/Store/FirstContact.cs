using ClusterSession.Redis.Connection;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Redis.Store;

/// <summary>
/// Finds out at the start whether a server does what the settings ask for, where not every server
/// can do it. If servers respond and none of them does it, the start of the process fails, so that
/// it does not run on with 503s. Thread-safe.
/// </summary>
/// <remarks>
/// <code>
/// no such setting              the start waits for nothing
/// a server does it             the start goes on
/// none does, and one lacks it  the start fails, with setting, value and remedy
/// no server responds           the start goes on; a server that lacks it and responds later is
///                              refused, and the log says so
/// </code>
/// Such settings are coherence=tracking and the durability Replicated. With Replicated alone the
/// start waits until there is a connection. With coherence=tracking it waits until a server that is
/// connected was tried for tracking. In either case it waits only until each place was tried once,
/// and no longer than the command timeout or the connect timeout, whichever is shorter.
/// </remarks>
internal sealed class FirstContact(RedisOptions options, TimeProvider time)
{
    private readonly TaskCompletionSource _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly bool _needsTracking = options.Coherence == RedisCoherence.Tracking;
    private readonly bool _needsWait = options.NeedsWait;
    private readonly TimeSpan _limit =
        options.CommandTimeout < options.ConnectTimeout ? options.CommandTimeout : options.ConnectTimeout;

    private readonly int _places = options.ServiceName is null ? options.Endpoints.Count : 1;
    private volatile ConnectException? _lacking;
    private int _failures;

    /// <summary>Waits until it is known.</summary>
    /// <exception cref="InvalidOperationException">It does not do what a setting asks
    /// for.</exception>
    public async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        if (!_needsTracking && !_needsWait)
        {
            return;
        }

        try
        {
            await _outcome.Task.WaitAsync(_limit, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // Nobody responds: applications start while their store is down.
        }
        catch (ConnectException lacking)
        {
            throw new InvalidOperationException(lacking.Message, lacking);
        }
    }

    /// <summary>A server is connected. Whether it tracks has still to be tried.</summary>
    public void Connected()
    {
        if (!_needsTracking)
        {
            _outcome.TrySetResult();
        }
    }

    /// <summary>
    /// A server was tried. It tracks, or it cannot show now whether it does, as one that refuses
    /// writes.
    /// </summary>
    public void Tried() => _outcome.TrySetResult();

    /// <summary>A server could not be connected to, or does not track.</summary>
    public void Failed(ConnectException failure)
    {
        if (failure.Failure == RedisConnectFailure.LacksWhatIsSet)
        {
            _lacking ??= failure;
        }

        if (failure.Failure == RedisConnectFailure.Cluster || Interlocked.Increment(ref _failures) < _places)
        {
            return; // Another server may be the one that is used.
        }

        if (_lacking is { } lacking)
        {
            _outcome.TrySetException(lacking);
            _ = _outcome.Task.Exception; // Nobody may be waiting; then nobody looks at it either.
        }
        else
        {
            _outcome.TrySetResult();
        }
    }
}
