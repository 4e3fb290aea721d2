using ClusterSession.Transport.Options;
using ClusterSession.Transport.Pipelines;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Transport.Links;

/// <summary>
/// Hears of the connections of one link. Called by its loop, one call at a time: quick, and without
/// exceptions.
/// </summary>
/// <typeparam name="TConnection">The connection of the protocol.</typeparam>
internal interface ILinkObserver<TConnection>
    where TConnection : PipelinedConnection
{
    /// <summary>A connection was made; it is handed out from now on.</summary>
    void OnConnected(TConnection connection);

    /// <summary>A connection was lost or given up.</summary>
    void OnDisconnected(TConnection connection, ConnectionException reason);

    /// <summary>An attempt to connect failed; there will be another.</summary>
    void OnConnectFailed(ServerAddress address, ConnectException failure);
}
