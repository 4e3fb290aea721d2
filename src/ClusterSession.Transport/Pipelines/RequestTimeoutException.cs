namespace ClusterSession.Transport.Pipelines;

/// <summary>
/// A command was not answered within the command timeout. Its outcome is unknown.
/// </summary>
internal sealed class RequestTimeoutException(string message) : ConnectionException(message, sent: true);
