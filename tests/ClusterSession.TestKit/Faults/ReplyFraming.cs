namespace ClusterSession.TestKit.Faults;

/// <summary>How a proxy tells requests and replies apart on its connections.</summary>
public enum ReplyFraming
{
    /// <summary>
    /// Unknown protocol: everything the server says after the request was seen is the reply.
    /// </summary>
    None,

    /// <summary>
    /// RESP: the n-th reply that is not a push message answers the n-th request, however deep the
    /// pipeline.
    /// </summary>
    Resp,
}
