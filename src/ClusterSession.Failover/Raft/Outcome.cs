using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Leases;

namespace ClusterSession.Failover.Raft;

/// <summary>
/// Takes the answer of an entry from where it is applied to who has written it. The log hands it to
/// whatever entry comes to that index, also to another leader's: hence the id.
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
