using ClusterSession.Transport.Pipelines;

namespace ClusterSession.Redis.Protocol;

/// <summary>The bytes received are not RESP3, or not a reply of the expected form.</summary>
internal sealed class RespProtocolException(string message) : ProtocolException(message);
