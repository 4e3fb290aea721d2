namespace ClusterSession.Transport.Pipelines;

/// <summary>
/// The bytes received are not of the protocol, or no reply of the expected form. Nothing that
/// follows on the connection can be trusted to answer the question it seems to answer, so the
/// connection is closed.
/// </summary>
internal class ProtocolException(string message) : Exception(message);
