namespace ClusterSession.ChaosTests.Load.Http;

/// <summary>
/// No connection was made, so not a byte of the request left: the one error after which nothing can
/// have happened.
/// </summary>
internal sealed class RequestNotSentException(string message, Exception cause) : Exception(message, cause);
