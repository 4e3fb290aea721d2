using ClusterSession.Transport.Options;

namespace ClusterSession.Transport.Links;

/// <summary>Whom a link is to connect to, and for how long that stands. Thread-safe.</summary>
internal sealed class LinkTarget(ServerAddress address)
{
    private readonly CancellationTokenSource _attempt = new();
    private readonly CancellationTokenSource _connection = new();

    /// <summary>Where.</summary>
    public ServerAddress Address { get; } = address;

    /// <summary>
    /// Whether this is a mere guess: its failures are not reported, and the selector may ask more
    /// of the server that is there.
    /// </summary>
    public bool IsGuess { get; init; }

    /// <summary>Cancelled when trying on is pointless.</summary>
    public CancellationToken Attempt => _attempt.Token;

    /// <summary>Cancelled when a connection to it must be given up.</summary>
    public CancellationToken Connection => _connection.Token;

    /// <summary>
    /// An attempt that is still under way is pointless; a connection that was made stands.
    /// </summary>
    public void StopTrying() => _attempt.Cancel();

    /// <summary>As <see cref="StopTrying"/>, after a while.</summary>
    public void StopTryingAfter(TimeSpan timeout, TimeProvider time)
    {
        var limit = new CancellationTokenSource(timeout, time);
        limit.Token.UnsafeRegister(
            static state =>
            {
                var (target, limit) = ((LinkTarget, CancellationTokenSource))state!;
                target.StopTrying();
                limit.Dispose();
            },
            (this, limit)
        );
    }

    /// <summary>Somebody else has taken its place.</summary>
    public void Leave()
    {
        _connection.Cancel();
        _attempt.Cancel();
    }
}
