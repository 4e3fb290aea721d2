namespace ClusterSession.Transport.Pipelines;

/// <summary>
/// A request was not answered because of the connection, not because of the server's will.
/// </summary>
internal class ConnectionException(string message, bool sent, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>
    /// False: not a byte of the request was handed to the network, so it was certainly not
    /// executed. True: it may have been executed or not; only its repetition under the same version
    /// makes that harmless.
    /// </summary>
    public bool Sent { get; } = sent;

    /// <summary>Whether this side closed the connection because it needs it no longer: the
    /// application shuts down, or uses other servers.</summary>
    public bool IsInOrder { get; init; }
}
