namespace ClusterSession.Redis.Protocol;

/// <summary>
/// The bytes received are not RESP3, or not a reply of the expected form. Nothing that follows on
/// the connection can be trusted to answer the question it seems to answer, so the connection must
/// be closed.
/// </summary>
internal sealed class RespProtocolException(string message) : Exception(message);
