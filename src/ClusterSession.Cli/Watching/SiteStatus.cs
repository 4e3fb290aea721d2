using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Watching;

/// <summary>
/// A Sentinel site in the words of a cluster with agents, for monitors that read those: the
/// Sentinels are the store, the configuration that a majority has is the lease.
/// </summary>
internal static class SiteStatus
{
    private const string Store = "Sentinel";

    /// <param name="facts">What was seen.</param>
    /// <param name="self">The Redis beside this watcher; null: none is.</param>
    /// <param name="age">How old the look is, in milliseconds.</param>
    /// <param name="stale">Why the look does not count any more; null: it does.</param>
    public static ClusterStatus Of(SiteFacts facts, string? self, long age, string? stale)
    {
        var verdict = SiteVerdict.Of(facts);
        return new ClusterStatus
        {
            Cluster = facts.Sight.Service,
            Self = self ?? "",
            LookedAt = facts.Sight.At,
            LookAgeMilliseconds = age,
            Store = new StoreStatus(facts.Master is not null, IsLeader: false, IsVoter: false, Name: Store)
            {
                Silent = [.. facts.Sight.Sentinels.Where(one => one.Problem is not null).Select(one => one.Address)],
            },
            Lease = new LeaseStatus(
                facts.Master,
                facts is { Master: not null, IsFailingOver: false, DeposedBy: null },
                facts.Epoch,
                null
            ),
            Ruler = facts.IsRuled ? facts.Master : null,
            Members = [.. facts.Sight.Redis.Select(server => Member(facts, server))],
            Reason = stale ?? verdict.Headline,
            Trouble = stale ?? (verdict.Alarms.Count > 0 ? verdict.Alarms[0].Sentence : null),
        };
    }

    public static ClusterStatus OfNothing(string service, string? self, string reason) =>
        new()
        {
            Cluster = service,
            Self = self ?? "",
            Store = new StoreStatus(IsReachable: false, IsLeader: false, IsVoter: false, Name: Store),
            Lease = new LeaseStatus(null, IsHeld: false, 0, null),
            Reason = reason,
            Trouble = reason,
        };

    private static ClusterMemberStatus Member(SiteFacts facts, ServerState server) =>
        new()
        {
            Name = server.Address,
            Redis = server.Address,
            Agent = "", // There is none; what others ask of it is whether it responds.
            IsAgentAlive = server.Problem is null,
            Kind = server.Priority == 0 ? MemberKind.ReadReplica : MemberKind.Candidate,
            IsReachable = server.Problem is null,
            Role = server.Role,
            Follows = server.Follows,
            IsLinkUp = server.IsLinkUp,
            Offset = server.Offset,
            LagBytes = facts.LagBytes(server),
            DataEpoch = facts.IsFollowing(server) || server == facts.MasterServer ? facts.Epoch : 0,
            IsOpen = server.Role == MemberRole.Master,
        };
}
