using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Documents;

namespace ClusterSession.Failover.Hosting;

/// <summary>Makes an agent's connections to the Redis of the members.</summary>
internal interface IRedisLinks
{
    /// <summary>The Redis beside the agent.</summary>
    IRedisControl Own(ClusterMember member);

    /// <summary>The Redis of another member.</summary>
    IRedisProbe Of(ClusterMember member);

    /// <summary>Says what is called, on any thread, when one of the connections was lost.</summary>
    void OnLost(Action lost) { }
}
