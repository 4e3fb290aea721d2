using ClusterSession.Redis.Protocol;

namespace ClusterSession.Redis.Connection;

/// <summary>What a connection needs to know of a command.</summary>
internal interface IRedisRequest
{
    /// <summary>
    /// Whether the server answers with a push instead of a reply, as SUBSCRIBE does in RESP3. Such
    /// a request asks for one channel only.
    /// </summary>
    bool IsAnsweredByPush { get; }

    /// <summary>
    /// Whether it names a key, so that only the server which serves that key answers without an
    /// error.
    /// </summary>
    bool IsKeyed { get; }

    /// <summary>
    /// Whether a reply proves that the server holds the lease of an agent; only asked where the
    /// connection has a gate.
    /// </summary>
    bool ProvesLease(ReadOnlySpan<byte> reply);

    /// <summary>
    /// Whether an invalidation of this key right behind the answer is the echo of this request's
    /// own write: true only if the answer says that it has written. Asked on the reader loop.
    /// </summary>
    bool HasEchoOf(ReadOnlySpan<byte> key);

    /// <summary>Writes the command: exactly one.</summary>
    void WriteTo(ref RespWriter writer);

    /// <summary>
    /// Takes the reply. The reader's next value is the first of the reply; it is valid during the
    /// call only.
    /// </summary>
    /// <exception cref="RespProtocolException">The reply answers another question; the connection
    /// will be closed. The request has failed by then.</exception>
    void ParseReply(ref RespReader reader);
}
