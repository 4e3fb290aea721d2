using ClusterSession.Failover.Documents;

namespace ClusterSession.Failover.Agents;

/// <summary>Which agent of which cluster this is.</summary>
/// <param name="Cluster">Name of the cluster in the coordination store.</param>
/// <param name="Self">Name of the member.</param>
/// <param name="Members">The members at the first start; afterwards those of the document
/// count.</param>
internal sealed record AgentSettings(string Cluster, string Self, IReadOnlyList<ClusterMember> Members)
{
    /// <summary>
    /// Address of the member of the coordination store without Redis; null: there is none.
    /// </summary>
    public string? Voter { get; init; }

    /// <summary>
    /// The coordination store that the site has already, as people are told of it; null: the agents
    /// are the store.
    /// </summary>
    public string? Store { get; init; }

    /// <summary>
    /// Whether it is no member: it reads what the agents answer, and never rules.
    /// </summary>
    public bool IsFollower { get; init; }
}
