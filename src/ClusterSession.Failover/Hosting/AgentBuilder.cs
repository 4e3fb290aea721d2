using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Peers;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Failover.Hosting;

/// <summary>Makes an agent, and its parts, from the settings.</summary>
internal static class AgentBuilder
{
    public static FailoverTimings Timings(FailoverOptions options) =>
        new()
        {
            Ttl = options.Ttl,
            Margin = options.Margin,
            Drift = options.Drift,
            Interval = options.Interval,
            Deadline = options.Deadline,
            RecordLife = options.RecordLife,
            DeadAfter = options.DeadAfter,
            GatherWait = options.GatherWait,
            NewerDataWait = options.NewerDataWait,
            StepWait = options.StepWait,
            FlappingWindow = options.FlappingWindow,
            MaxPromotions = options.MaxPromotions,
            ReturnAfter = options.ReturnToPreferred ? options.ReturnAfter : null,
            FollowsWithoutCopy = options.FollowWithoutCopy,
        };

    public static AgentSettings Settings(FailoverOptions options) =>
        new(
            options.Cluster!,
            options.Name!,
            [
                .. options.Members.Select(member => new ClusterMember(
                    member.Name!,
                    member.Redis!,
                    member.Agent!.ToString(),
                    member.IsReadReplica ? MemberKind.ReadReplica : MemberKind.Candidate
                )),
            ]
        )
        {
            Voter = options.Voter?.ToString(),
        };

    public static AgentLinks Links(
        AgentSettings settings,
        IFailoverCoordinator coordinator,
        IRedisLinks redis,
        HttpClient client
    )
    {
        var others = settings.Members.Where(member => member.Name != settings.Self).ToArray();
        return new AgentLinks(
            new RaisedEpochs(coordinator),
            redis.Own(settings.Members.First(member => member.Name == settings.Self)),
            others.ToDictionary(member => member.Name, redis.Of),
            others.ToDictionary(
                member => member.Name,
                IAgentPeer (member) => new PeerAgent(client, new Uri(member.Agent), settings.Cluster, member.Name)
            )
        );
    }

    public static FailoverAgent Agent(
        AgentSettings settings,
        FailoverTimings timings,
        AgentLinks links,
        IRedisLinks redis,
        TimeProvider time,
        ILogger logger
    )
    {
        string? TroubleOf(string member) =>
            member == settings.Self ? links.Redis.Trouble : links.Probes.GetValueOrDefault(member)?.Trouble;
        var agent = new FailoverAgent(settings, timings, links, time, new AgentChangeLog(timings, TroubleOf, logger));

        // A Redis that ends closes its connections: its agent and the others see it now, not at
        // their next look.
        redis.OnLost(agent.Wake);
        return agent;
    }

    /// <summary>The coordination store is set from the same section.</summary>
    public static void Configure(RaftCoordinatorOptions raft, FailoverOptions options)
    {
        foreach (var address in options.Store())
        {
            raft.Members.Add(address);
        }

        raft.Self = options.Members.First(member => member.Name == options.Name).Agent;
        raft.Directory = options.Directory;
        raft.Secret = options.Secret;
        raft.CreateHandler = options.CreateHandler;
        raft.AcceptCertificate = options.AcceptCertificate;
    }
}
