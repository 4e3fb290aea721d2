using ClusterSession.Redis.Connection;

namespace ClusterSession.Redis.Topology;

/// <summary>
/// Tells one <see cref="RedisLink"/> where to connect to, and whom to accept there. Used by that
/// link's loop, one call at a time.
/// </summary>
internal interface IEndpointSelector
{
    /// <summary>The address named in messages while nobody is known.</summary>
    RedisEndpoint Place { get; }

    /// <summary>Whom the next attempt goes to; may wait until that is known.</summary>
    /// <exception cref="RedisConnectException">Nobody is known.</exception>
    ValueTask<LinkTarget> NextAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Judges the server that a new connection leads to, before it is handed out.
    /// </summary>
    /// <exception cref="RedisConnectException">It is not to be used.</exception>
    ValueTask AdmitAsync(RedisConnection connection, LinkTarget target, CancellationToken cancellationToken);

    /// <summary>
    /// Hears that an attempt failed. True: the next one follows without a pause, because somebody
    /// else is tried.
    /// </summary>
    bool Failed(LinkTarget? target, RedisConnectException failure);

    /// <summary>Hears that a connection was handed out (true), or lost (false).</summary>
    void Changed(bool isConnected) { }
}
