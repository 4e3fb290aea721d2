using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Following;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Failover.Hosting;

/// <summary>
/// Makes a follower of the settings: an agent's loop over a coordinator that it only reads.
/// </summary>
internal static class FollowerBuilder
{
    public static AgentSettings Settings(FailoverOptions options)
    {
        var settings = AgentBuilder.Settings(options);
        // It is no member of the cluster. The loop needs one to decide for, and by this kind it is
        // never taken for a candidate.
        var self = new ClusterMember(options.Name!, options.RedisAddress!, "", MemberKind.ReadReplica);
        return settings with { Members = [.. settings.Members, self], IsFollower = true };
    }

    public static FailoverAgent Agent(
        AgentSettings settings,
        FailoverTimings timings,
        IRedisLinks redis,
        Func<ClusterMember, IAgentStatusReader> agentOf,
        (TimeProvider Time, TimeProvider Clock) time,
        ILogger logger
    )
    {
        var self = settings.Members[^1];
        var members = settings.Members.SkipLast(1).ToArray();
        var own = redis.Own(self);
        var probes = members.ToDictionary(member => member.Name, redis.Of);
        string? TroubleOf(string member) =>
            member == self.Name ? own.Trouble : probes.GetValueOrDefault(member)?.Trouble;
        var ledger = new FollowerLedger(self.Name, new AgentChangeLog(timings, TroubleOf, logger));
        var reader = new ClusterReader(self, members.Select(agentOf), ledger, timings, time.Time, time.Clock);

        // It promises nothing to anybody, and asks nobody to: it has no peers.
        var links = new AgentLinks(reader, own, probes, new Dictionary<string, IAgentPeer>());
        var agent = new FailoverAgent(settings, timings, links, time.Time, ledger);
        redis.OnLost(agent.Wake);
        return agent;
    }
}
