using ClusterSession.Transport.Options;
using ClusterSession.Transport.Pipelines;

namespace ClusterSession.Transport.Sockets;

/// <summary>How a connection of a protocol begins. Thread-safe.</summary>
/// <typeparam name="TConnection">The connection of the protocol.</typeparam>
internal interface IProtocol<TConnection>
    where TConnection : PipelinedConnection
{
    /// <summary>A connection over a stream, which it owns from then on; not begun.</summary>
    TConnection Create(Stream stream, ServerAddress address);

    /// <summary>
    /// The handshake: sends the first requests, calls <see cref="PipelinedConnection.Start"/>, and
    /// returns when the server may be used. In that order: a server that has no room answers with
    /// an error before it has read anything, and that must find a request waiting.
    /// </summary>
    /// <exception cref="ConnectException">The server cannot be used; says why.</exception>
    Task GreetAsync(TConnection connection, CancellationToken cancellationToken);
}
