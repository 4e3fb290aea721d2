using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Leases;

namespace ClusterSession.Failover.Raft;

/// <summary>
/// Carries the answer of an entry from the place where the entry is applied to the caller that has
/// written it. The log hands this object to whatever entry comes to that index, also to another
/// leader's. So it has the id of its operation, and takes the answer of that operation only.
/// </summary>
internal sealed class Outcome(OperationId id)
{
    private Answer? _answer;

    /// <summary>Null: not applied here, as far as is known.</summary>
    public Answer? Answer => Volatile.Read(ref _answer);

    public void Set(OperationId applied, Answer answer)
    {
        if (applied == id)
        {
            Volatile.Write(ref _answer, answer);
        }
    }
}
