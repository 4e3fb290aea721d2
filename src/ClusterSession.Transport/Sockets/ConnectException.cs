using ClusterSession.Transport.Pipelines;

namespace ClusterSession.Transport.Sockets;

/// <summary>A connection could not be made; nothing was sent of any request.</summary>
internal sealed class ConnectException(ConnectFailure failure, string message, Exception? inner = null)
    : ConnectionException(message, sent: false, inner)
{
    /// <summary>Why.</summary>
    public ConnectFailure Failure { get; } = failure;

    /// <summary>Whether waiting will not help: somebody has to change a setting.</summary>
    public bool NeedsOperator => Failure.NeedsOperator;
}
