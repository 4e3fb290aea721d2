using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Sights;

namespace ClusterSession.Failover.Face;

/// <summary>
/// What an agent answers, computed at the moment of the question: an agent that stands still is no
/// primary any more as soon as its count of the lease is over.
/// </summary>
/// <param name="settings">Which agent of which cluster.</param>
/// <param name="timings">Durations and limits, alike on all agents of a cluster.</param>
/// <param name="agent">The agent.</param>
/// <param name="clock">The coordination store's clock.</param>
internal sealed class ClusterFace(
    AgentSettings settings,
    FailoverTimings timings,
    FailoverAgent agent,
    TimeProvider clock
) : IFace
{
    private const string NoLook = "The agent has not looked at its cluster yet.";

    /// <summary>
    /// Whether the loop goes on: others need not wait for an agent that stands still longer than a
    /// lease lasts.
    /// </summary>
    public bool IsAlive => Age is { } age && age <= timings.Ttl;

    private TimeSpan? Age => agent.Look is { } look ? clock.GetElapsedTime(look.At) : null;

    private bool IsFresh => Age is { } age && age <= timings.Round;

    /// <summary>GET /primary: whether it is, and the body.</summary>
    public (bool Is, RoleStatus Status) Primary()
    {
        if (agent.Look is not { } look)
        {
            return (false, new RoleStatus(MemberRole.Unreachable, NoLook, 0));
        }

        var own = look.View.Own;
        var (epoch, left) = agent.LeaseNow;
        var (isPrimary, reason) = (own, look.Decision) switch
        {
            _ when !IsFresh => (false, Stale),
            ({ IsOpen: false }, _) => (false, DecisionSentences.Of(look.Decision, look.View)),
            (_, Decision.Release or Decision.Command { What: RedisAction.Close }) => (
                false,
                DecisionSentences.Of(look.Decision, look.View)
            ),
            _ when left <= TimeSpan.Zero || own.Record?.Epoch != epoch => (
                false,
                "The lease under which this Redis was opened is not counted any more."
            ),
            _ => (true, $"{settings.Self} holds the lease of epoch {epoch}, and its Redis is open."),
        };
        return (isPrimary, new RoleStatus(RoleOf(own), reason, isPrimary ? epoch : own.Record?.Epoch ?? 0));
    }

    /// <summary>
    /// GET /replica: a replica that is connected, and at most so many bytes behind.
    /// </summary>
    public (bool Is, RoleStatus Status) Replica(long? most)
    {
        if (agent.Look is not { } look)
        {
            return (false, new RoleStatus(MemberRole.Unreachable, NoLook, 0));
        }

        var own = look.View.Own;
        var lag = Lag(look.View, own);
        var (isReplica, reason) = own switch
        {
            _ when !IsFresh => (false, Stale),
            { IsReachable: false } or { IsMaster: true } or { Follows: null } => (
                false,
                DecisionSentences.Of(look.Decision, look.View)
            ),
            { IsLinkUp: false } => (false, $"{settings.Self} is not connected to its master, or not complete yet."),
            _ when most is { } bytes && (lag is null || lag > bytes) => (
                false,
                lag is null
                    ? "It is not known how far it is behind: the master is not in sight, or has another history."
                    : $"{settings.Self} is {lag} bytes behind, and at most {bytes} were asked for."
            ),
            _ => (true, $"{settings.Self} follows {ClusterReport.FollowedBy(look.View, own)}."),
        };
        return (isReplica, new RoleStatus(RoleOf(own), reason, own.DataEpoch));
    }

    /// <summary>GET /read-only: the primary, or a replica.</summary>
    public (bool Is, RoleStatus Status) ReadOnly() => Primary() is { Is: true } primary ? primary : Replica(null);

    /// <summary>GET /health.</summary>
    public HealthStatus Health()
    {
        var problems = new List<string>();
        if (agent.Look is not { } look)
        {
            problems.Add(NoLook);
        }
        else
        {
            if (!IsFresh && agent.Trouble is null)
            {
                problems.Add(Stale);
            }

            if (!look.View.Own.IsReachable)
            {
                problems.Add(
                    $"The Redis of {settings.Self} is not responding. See that it runs, and that the agent's "
                        + $"user may log in. {agent.RedisTrouble}".TrimEnd()
                );
            }

            if (look.View.State is null)
            {
                problems.Add(
                    settings.IsFollower
                        ? "No agent of the cluster is responding, or none that knows of the lease seen last. "
                            + "See that the agents run and are reached from here. After the coordination store was "
                            + "set up anew, restart the follower."
                        : $"The coordination store is not responding. {StoreStatus.Remedy(settings.Store)}"
                );
            }
        }

        if (Trouble() is { } trouble)
        {
            problems.Add(trouble);
        }

        return new HealthStatus(problems.Count == 0, problems);
    }

    /// <summary>GET /cluster: whether somebody is known to rule, and everything else.</summary>
    /// <param name="isLeader">Whether this process leads the coordination store.</param>
    /// <param name="isVoter">Whether it votes in it.</param>
    public (bool IsRuled, ClusterStatus Status) Cluster(bool isLeader, bool isVoter)
    {
        var trouble = Trouble();
        if (agent.Look is not { } look)
        {
            return (
                false,
                new ClusterStatus
                {
                    Cluster = settings.Cluster,
                    Self = settings.Self,
                    Store = new StoreStatus(false, isLeader, isVoter, settings.Voter, settings.Store),
                    Lease = new LeaseStatus(null, false, 0, null),
                    Reason = trouble ?? NoLook,
                    Trouble = trouble,
                }
            );
        }

        var status = ClusterReport.Of(look.View, timings, agent.LeaseNow) with
        {
            Cluster = settings.Cluster,
            LookAgeMilliseconds = (long)clock.GetElapsedTime(look.At).TotalMilliseconds,
            Store = new StoreStatus(look.View.State is not null, isLeader, isVoter, settings.Voter, settings.Store),
            Decision = ClusterReport.KindOf(look.Decision),
            Reason = IsFresh ? DecisionSentences.Of(look.Decision, look.View) : Stale,
            Trouble = trouble,
        };
        return (status.Ruler is not null && IsFresh, status);
    }

    /// <summary>GET /history; null: it is not known yet.</summary>
    public HistoryStatus? History() =>
        agent.Look is { View.Document: var document }
            ? new HistoryStatus(settings.Cluster, [.. document.Events.Select(HistoryLine.Of)])
            : null;

    /// <summary>How many bytes a replica is behind the open master; null: unknown.</summary>
    public static long? Lag(ClusterView view, RedisSight redis)
    {
        var master = view.Members.Values.Select(member => member.Redis).FirstOrDefault(seen => seen.IsOpen);
        return master is not null && redis.IsReachable && redis.HistoryId == master.HistoryId
            ? Math.Max(0, master.Offset - redis.Offset) // Their looks are not of one moment.
            : null;
    }

    /// <summary>What a Redis is.</summary>
    public static MemberRole RoleOf(RedisSight redis) =>
        redis switch
        {
            { IsReachable: false } => MemberRole.Unreachable,
            { IsOpen: true } => MemberRole.Master,
            { IsMaster: false, Follows: not null } => MemberRole.Replica,
            _ => MemberRole.Closed,
        };

    private string Stale =>
        $"This agent has not looked for {Age?.TotalSeconds:0.0} s: it stands still, or its host is " + "too busy.";

    private string? Trouble()
    {
        if (agent.Trouble is { } trouble)
        {
            return trouble;
        }

        if (agent.Look is not { View: { State: not null } view })
        {
            return null;
        }

        var known = view.Document.Members.ToDictionary(member => member.Name);
        foreach (var set in settings.Members.Where(member => !view.Document.Forgotten.Contains(member.Name)))
        {
            if (!known.TryGetValue(set.Name, out var member))
            {
                return $"The settings of this agent name the member {set.Name}, and the cluster's document does not. "
                    + "Run \"cluster-session failover adopt\" to make it a member.";
            }

            if (member != set)
            {
                return $"The settings of this agent name {set.Name} as Redis {set.Redis}, agent {set.Agent}, "
                    + $"{set.Kind}; the cluster's document as Redis {member.Redis}, agent {member.Agent}, "
                    + $"{member.Kind}. "
                    + "Replicas follow the address in the cluster's document; this agent asks the address in its "
                    + "settings. Give all agents the same, and run \"cluster-session failover adopt\".";
            }
        }

        return null;
    }
}
