using ClusterSession.Transport.Pipelines;

namespace ClusterSession.Redis.Connection;

/// <summary>
/// Tells the invalidations of a connection's own writes from those of others. Used by the reader
/// loop.
/// </summary>
/// <remarks>
/// <code>
/// answer: "written" ... push of its key             the echo: swallowed
///                       push of its key once more   another's
///                       answer                      what comes behind it is no echo of the former
/// answer: not written, an error, or given up        every push is another's
/// </code>
/// An echo that is not recognised costs a read. A push of another's write that is taken for an echo
/// would leave an outdated copy current: it would go on serving without asking the store.
/// </remarks>
internal sealed class EchoFilter
{
    // What was answered last, until its echo has come; null if it was given up.
    private PipelinedRequest? _answered;

    /// <summary>
    /// Whether the server pushes an own write right behind the answer to it, as Redis does since
    /// 6.2.7. Before, the push comes ahead of the answer: then none is taken for an echo.
    /// </summary>
    public bool IsOn { get; set; }

    /// <summary>An answer has come.</summary>
    public void Expect(PipelinedRequest? answered) => _answered = answered;

    /// <summary>Whether this invalidation is the echo of what was answered last.</summary>
    public bool IsOf(ReadOnlySpan<byte> key)
    {
        if (!IsOn || _answered is not IRedisRequest last || !last.HasEchoOf(key))
        {
            return false;
        }

        _answered = null;
        return true;
    }
}
