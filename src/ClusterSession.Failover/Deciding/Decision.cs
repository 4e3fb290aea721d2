using ClusterSession.Failover.Documents;

namespace ClusterSession.Failover.Deciding;

/// <summary>What an agent does next.</summary>
internal abstract record Decision
{
    private Decision() { }

    /// <summary>Wait, and look again.</summary>
    /// <param name="Why">The reason, for the operator.</param>
    public sealed record Nothing(Reason Why) : Decision;

    /// <summary>Take the free lease, and begin a change.</summary>
    /// <param name="Document">The document with the change.</param>
    public sealed record Acquire(ClusterDocument Document) : Decision;

    /// <summary>Renew the lease and, if it is there, the record.</summary>
    public sealed record Renew : Decision;

    /// <summary>
    /// Ask all other agents to take no lease, since the coordination store is not responding.
    /// </summary>
    public sealed record AskPromises : Decision;

    /// <summary>Release the lease.</summary>
    /// <param name="Document">The document with the switch at its hand-over; else without the
    /// change, and with a former ruler in the ledger.</param>
    public sealed record Release(ClusterDocument Document) : Decision;

    /// <summary>Write the document: the next step, the end of a change, the ledger.</summary>
    /// <param name="Document">The document.</param>
    public sealed record Write(ClusterDocument Document) : Decision;

    /// <summary>Do this to the agent's own Redis.</summary>
    /// <param name="What">The command.</param>
    public sealed record Command(RedisAction What) : Decision;
}
