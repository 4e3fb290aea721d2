namespace ClusterSession.Transport.Pipelines;

/// <summary>
/// A command was refused because too many commands or bytes wait on the connection already. It was
/// not sent.
/// </summary>
internal sealed class BackPressureException(string message) : ConnectionException(message, sent: false);
