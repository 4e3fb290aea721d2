using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Tests;

/// <summary>Clusters in every state that a person may find one in.</summary>
internal static class Clusters
{
    public static readonly DateTimeOffset Noon = new(2026, 3, 14, 12, 0, 0, TimeSpan.Zero);

    public static ClusterStatus Healthy =>
        new()
        {
            Cluster = "shop",
            Self = "redis-a",
            LookedAt = Noon,
            LookAgeMilliseconds = 120,
            Store = new StoreStatus(true, true, true),
            Lease = new LeaseStatus("redis-a", true, 7, 2600),
            Ruler = "redis-a",
            Members = [Master("redis-a", 7), Replica("redis-b", "redis-a", 7), Replica("redis-c", "redis-a", 7)],
            Decision = DecisionKind.Renew,
            Reason = "redis-a is the master and holds the lease.",
        };

    /// <summary>The master is dead, and the new one is being made.</summary>
    public static ClusterStatus FailoverRunning =>
        Healthy with
        {
            Self = "redis-b",
            Lease = new LeaseStatus("redis-b", true, 8, 2900),
            Ruler = null,
            Members = [Dead("redis-a", 7), Closed("redis-b", 7), Replica("redis-c", "redis-b", 7)],
            Ledger = [new LedgerLine("redis-a", 7, Noon - TimeSpan.FromSeconds(1), false)],
            Change = new ChangeStatus(
                ChangeKind.Failover,
                ChangeStep.PromoteTarget,
                8,
                "redis-b",
                "redis-c",
                Noon - TimeSpan.FromSeconds(1),
                false
            ),
            Decision = DecisionKind.Promote,
            Reason = "This Redis stops following and becomes a master that is still closed.",
        };

    /// <summary>The master died after another one did: the only one left lacks its data.</summary>
    public static ClusterStatus NewerDataOutOfReach =>
        Healthy with
        {
            Self = "redis-c",
            Lease = new LeaseStatus("redis-b", false, 8, null),
            Ruler = null,
            Members = [Dead("redis-a", 7), Dead("redis-b", 8), Closed("redis-c", 7)],
            Ledger =
            [
                new LedgerLine("redis-a", 7, Noon - TimeSpan.FromMinutes(10), false),
                new LedgerLine("redis-b", 8, Noon - TimeSpan.FromSeconds(4), false),
            ],
            Decision = DecisionKind.Wait,
            Reason =
                "The lease is free. A Redis that cannot be used may have newer data than all others, so it is waited "
                + "for; redis-a, redis-b cannot be used.",
        };

    public static ClusterStatus AgentDown =>
        Healthy with
        {
            Members =
            [
                Master("redis-a", 7),
                Replica("redis-b", "redis-a", 7) with
                {
                    IsAgentAlive = false,
                },
                Replica("redis-c", "redis-a", 7),
            ],
        };

    public static ClusterStatus InMaintenance => Healthy with { IsMaintenance = true };

    /// <summary>The master died with writes that no replica had, and a new one rules.</summary>
    public static ClusterStatus FormerMasterDead =>
        Unmerged with
        {
            Members =
            [
                Dead("redis-a", 7) with
                {
                    LastSeen = new LastPositionStatus(Noon - TimeSpan.FromSeconds(14), 41_984),
                },
                Master("redis-b", 8),
            ],
        };

    /// <summary>The former master is back, with data that the present one lacks.</summary>
    public static ClusterStatus Unmerged =>
        Healthy with
        {
            Self = "redis-b",
            Lease = new LeaseStatus("redis-b", true, 8, 2700),
            Ruler = "redis-b",
            Members =
            [
                Closed("redis-a", 7),
                Master("redis-b", 8),
                Replica("redis-c", "redis-b", 8) with
                {
                    LagBytes = 4096,
                },
            ],
            Ledger = [new LedgerLine("redis-a", 7, Noon - TimeSpan.FromMinutes(3), false)],
            Reason = "redis-b is the master and holds the lease.",
        };

    /// <summary>
    /// A member became master without the newer data of another, which is not back yet.
    /// </summary>
    public static ClusterStatus WithoutNewerData =>
        Healthy with
        {
            Self = "redis-c",
            Lease = new LeaseStatus("redis-c", true, 9, 2800),
            Ruler = "redis-c",
            Members = [Replica("redis-a", "redis-c", 9), Dead("redis-b", 0), Master("redis-c", 9)],
            Ledger = [new LedgerLine("redis-b", 8, Noon - TimeSpan.FromMinutes(2), false) { IsNewer = true }],
            Reason = "redis-c is the master and holds the lease.",
        };

    /// <summary>The agent that answers is cut off from the store, and sees nobody else.</summary>
    public static ClusterStatus StoreUnreachable =>
        Healthy with
        {
            Self = "redis-b",
            Store = new StoreStatus(false, false, true),
            Lease = new LeaseStatus(null, false, 7, null),
            Ruler = null,
            Members = [Dead("redis-a", 7), Closed("redis-b", 7), Dead("redis-c", 7)],
            Decision = DecisionKind.Wait,
            Reason = "The coordination store is not responding, and without it nobody is promoted.",
        };

    /// <summary>The master goes on by promises of all other agents.</summary>
    public static ClusterStatus ByPromises =>
        Healthy with
        {
            Store = new StoreStatus(false, false, true),
            Lease = new LeaseStatus(null, false, 7, 2600),
            Decision = DecisionKind.AskPromises,
        };

    public static ClusterStatus LastOneLeft =>
        Healthy with
        {
            Members = [Master("redis-a", 7), Dead("redis-b", 6), Dead("redis-c", 7)],
        };

    /// <summary>One of two candidates that are left became master too often.</summary>
    public static ClusterStatus Flapping =>
        Healthy with
        {
            Self = "redis-b",
            Lease = new LeaseStatus("redis-b", false, 12, null),
            Ruler = null,
            Members = [Dead("redis-a", 11), Closed("redis-b", 12), Closed("redis-c", 12)],
            Promotions =
            [
                new PromotionLine("redis-b", 3, Noon - TimeSpan.FromSeconds(20), true, Noon + TimeSpan.FromMinutes(8)),
            ],
            Decision = DecisionKind.Wait,
            Reason = "The lease is free. Another member is to take it, or nobody can.",
        };

    public static ClusterStatus SwitchUnderWay =>
        Healthy with
        {
            Self = "redis-b",
            Lease = new LeaseStatus("redis-b", true, 8, 2900),
            Ruler = null,
            Members = [Closed("redis-a", 7), Closed("redis-b", 7), Replica("redis-c", "redis-b", 7)],
            Change = new ChangeStatus(
                ChangeKind.Switch,
                ChangeStep.Open,
                8,
                "redis-b",
                null,
                Noon - TimeSpan.FromMilliseconds(80),
                false
            ),
            Decision = DecisionKind.Open,
            Reason = "This Redis is the master of the lease and is opened for writes.",
        };

    /// <summary>Its Redis ended while maintenance was on.</summary>
    public static ClusterStatus DeadInMaintenance =>
        Healthy with
        {
            IsMaintenance = true,
            MaintenanceSince = Noon - TimeSpan.FromMinutes(12),
            Members =
            [
                Dead("redis-a", 7) with
                {
                    IsAgentAlive = true,
                },
                Replica("redis-b", "redis-a", 7) with
                {
                    IsLinkUp = false,
                    LagBytes = null,
                },
            ],
            Store = new StoreStatus(true, true, true, "http://voter.example:7400"),
            Reason = "The cluster is in maintenance: nothing is decided until it is switched off.",
        };

    /// <summary>
    /// What this agent knew last: one member with data of its own, and itself barred.
    /// </summary>
    public static ClusterStatus CutOff =>
        StoreUnreachable with
        {
            Store = new StoreStatus(false, false, true, "http://voter.example:7400"),
            Members = [Dead("redis-a", 7), Closed("redis-b", 8)],
            Lease = new LeaseStatus(null, false, 8, null),
            Ledger = [new LedgerLine("redis-a", 7, Noon - TimeSpan.FromSeconds(6), false)],
            Promotions =
            [
                new PromotionLine("redis-b", 3, Noon - TimeSpan.FromSeconds(7), true, Noon + TimeSpan.FromMinutes(8)),
            ],
        };

    /// <summary>One is back without the last master, whose lease ran out.</summary>
    public static ClusterStatus FormerAlone =>
        NewerDataOutOfReach with
        {
            Self = "redis-a",
            Members = [Closed("redis-a", 7), Dead("redis-b", 0)],
            Ledger = [new LedgerLine("redis-a", 7, Noon - TimeSpan.FromSeconds(12), false)],
            Reason =
                "The lease is free. A Redis that cannot be used may have newer data than all others, so it is waited "
                + "for; redis-b cannot be used.",
        };

    /// <summary>The leader of the store hears nothing of the voter, and all else is well.</summary>
    public static ClusterStatus VoterAway =>
        Healthy with
        {
            Members = [Master("redis-a", 7), Replica("redis-b", "redis-a", 7)],
            Store = new StoreStatus(true, true, true, "http://voter.example:7400")
            {
                Silent = ["http://voter.example:7400/"],
            },
        };

    /// <summary>The preferred member is in step again, and takes over soon.</summary>
    public static ClusterStatus WayBack =>
        Healthy with
        {
            Self = "redis-b",
            Lease = new LeaseStatus("redis-b", true, 8, 2700),
            Ruler = "redis-b",
            Members = [Replica("redis-a", "redis-b", 8), Master("redis-b", 8)],
            Return = new ReturnStatus("redis-a", false, 10_000, null),
            Reason = "redis-b is the master and holds the lease.",
        };

    /// <summary>What only the former master has is being merged.</summary>
    public static ClusterStatus Merging =>
        Unmerged with
        {
            Members =
            [
                Closed("redis-a", 7) with
                {
                    Merge = new MergeStatus(Failover.Sights.MergeState.Running, "redis-b", 15_610, 30_000, 15_610)
                    {
                        ForeignKeys = 100,
                    },
                },
                Master("redis-b", 8),
            ],
            Return = new ReturnStatus("redis-a", false, 10_000, Noon + TimeSpan.FromMinutes(8)),
        };

    /// <summary>The agent of the master was killed, and its Redis has closed.</summary>
    public static ClusterStatus AgentOfTheMasterDead =>
        Healthy with
        {
            Self = "redis-b",
            Ruler = null,
            Members = [Closed("redis-a", 7) with { IsAgentAlive = false }, Replica("redis-b", "redis-a", 7)],
            Lease = new LeaseStatus("redis-a", true, 7, null),
            Decision = DecisionKind.Wait,
            Reason = "redis-b follows the master redis-a.",
        };

    /// <summary>
    /// Another member is master now, and has all that the one without agent has.
    /// </summary>
    public static ClusterStatus AgentOfTheFormerMasterDead =>
        WayBack with
        {
            Members = [Closed("redis-a", 7) with { IsAgentAlive = false }, Master("redis-b", 8)],
            Ledger = [new LedgerLine("redis-a", 7, Noon - TimeSpan.FromSeconds(3), false) { IsContained = true }],
        };

    /// <summary>
    /// Two of the three servers of the store are gone, and one of them was to promise.
    /// </summary>
    public static ClusterStatus AboutToClose =>
        ByPromises with
        {
            Lease = new LeaseStatus(null, false, 7, 186),
            Members = [Master("redis-a", 7), Replica("redis-b", "redis-a", 7) with { IsAgentAlive = false }],
            Store = new StoreStatus(false, false, true, "http://voter.example:7400"),
        };

    /// <summary>All members are back, and the store counts anew.</summary>
    public static ClusterStatus StoreLost =>
        Healthy with
        {
            Lease = new LeaseStatus(null, false, 0, null),
            Ruler = null,
            Members = [Closed("redis-a", 7), Closed("redis-b", 7), Closed("redis-c", 6)],
            Decision = DecisionKind.Wait,
            Reason =
                "The coordination store was lost or set back: it counts epochs from below those of the data, so that "
                + "no Redis would open under its next lease.",
        };

    /// <summary>By name, for the snapshots.</summary>
    public static readonly IReadOnlyDictionary<string, ClusterStatus> All = new Dictionary<string, ClusterStatus>
    {
        ["healthy"] = Healthy,
        ["failover-running"] = FailoverRunning,
        ["newer-data-out-of-reach"] = NewerDataOutOfReach,
        ["agent-down"] = AgentDown,
        ["in-maintenance"] = InMaintenance,
        ["unmerged"] = Unmerged,
        ["former-master-dead"] = FormerMasterDead,
        ["store-unreachable"] = StoreUnreachable,
        ["store-lost"] = StoreLost,
        ["voter-away"] = VoterAway,
        ["way-back"] = WayBack,
        ["merging"] = Merging,
        ["agent-of-the-master-dead"] = AgentOfTheMasterDead,
        ["agent-of-the-former-master-dead"] = AgentOfTheFormerMasterDead,
        ["about-to-close"] = AboutToClose,
        ["by-promises"] = ByPromises,
        ["last-one-left"] = LastOneLeft,
        ["flapping"] = Flapping,
        ["switch-under-way"] = SwitchUnderWay,
        ["dead-in-maintenance"] = DeadInMaintenance,
        ["cut-off"] = CutOff,
        ["former-alone"] = FormerAlone,
        ["without-newer-data"] = WithoutNewerData,
    };

    public static ClusterMemberStatus Master(string name, long epoch) =>
        Member(name, epoch) with
        {
            Role = MemberRole.Master,
            IsOpen = true,
            LagBytes = 0,
        };

    public static ClusterMemberStatus Replica(string name, string follows, long epoch) =>
        Member(name, epoch) with
        {
            Role = MemberRole.Replica,
            Follows = follows,
            IsLinkUp = true,
            LagBytes = 0,
        };

    public static ClusterMemberStatus Closed(string name, long epoch) =>
        Member(name, epoch) with
        {
            Role = MemberRole.Closed,
        };

    public static ClusterMemberStatus Dead(string name, long epoch) =>
        Member(name, epoch) with
        {
            Role = MemberRole.Unreachable,
            IsReachable = false,
            IsAgentAlive = false,
            RunId = null,
            Offset = null,
        };

    private static ClusterMemberStatus Member(string name, long epoch) =>
        new()
        {
            Name = name,
            Redis = $"{name}.example:6379",
            Agent = $"http://{name}.example:7400",
            IsReachable = true,
            IsAgentAlive = true,
            RunId = "0123456789abcdef0123456789abcdef01234567",
            Offset = 123456,
            DataEpoch = epoch,
        };
}
