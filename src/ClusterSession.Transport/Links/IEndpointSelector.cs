using ClusterSession.Transport.Options;
using ClusterSession.Transport.Pipelines;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Transport.Links;

/// <summary>
/// Tells one <see cref="ReconnectingLink{TConnection}"/> where to connect to, and whom to accept
/// there. Used by that link's loop, one call at a time.
/// </summary>
/// <typeparam name="TConnection">The connection of the protocol.</typeparam>
internal interface IEndpointSelector<TConnection>
    where TConnection : PipelinedConnection
{
    /// <summary>The address named in messages while nobody is known.</summary>
    ServerAddress Place { get; }

    /// <summary>Whom the next attempt goes to; may wait until that is known.</summary>
    /// <exception cref="ConnectException">Nobody is known.</exception>
    ValueTask<LinkTarget> NextAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Judges the server that a new connection leads to, before it is handed out.
    /// </summary>
    /// <exception cref="ConnectException">It is not to be used.</exception>
    ValueTask AdmitAsync(TConnection connection, LinkTarget target, CancellationToken cancellationToken);

    /// <summary>
    /// Hears that an attempt failed. True: the next one follows without a pause, because somebody
    /// else is tried.
    /// </summary>
    bool Failed(LinkTarget? target, ConnectException failure);

    /// <summary>Hears that a connection was handed out (true), or lost (false).</summary>
    void Changed(bool isConnected) { }
}
