using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;

namespace ClusterSession.Failover.Face;

/// <summary>Makes the status of a cluster of what its agent has seen.</summary>
internal static class ClusterReport
{
    /// <summary>All of it that the view says.</summary>
    /// <param name="view">What the agent saw.</param>
    /// <param name="timings">Durations and limits, alike on all agents of a cluster.</param>
    /// <param name="standing">The lease that it counts, and what is left of it.</param>
    public static ClusterStatus Of(ClusterView view, FailoverTimings timings, (long Epoch, TimeSpan Left) standing)
    {
        var document = view.Document;
        return new ClusterStatus
        {
            Cluster = "",
            Self = view.Self,
            LookedAt = view.Now,
            Store = new StoreStatus(view.State is not null, false, false),
            Lease = new LeaseStatus(
                view.State?.LastHolder,
                view.State?.IsHeld ?? false,
                view.State?.Epoch ?? standing.Epoch,
                standing is { Epoch: > 0, Left.Ticks: > 0 } ? (long)standing.Left.TotalMilliseconds : null
            ),
            Ruler = Ruling(view),
            IsMaintenance = document.Maintenance,
            MaintenanceSince = document.Maintenance
                ? document.Events.LastOrDefault(happened => happened.What == EventKind.MaintenanceOn)?.At
                : null,
            Change = document.Change is { } change
                ? new ChangeStatus(
                    change.Kind,
                    change.Step,
                    change.Epoch,
                    change.Target.Member,
                    change.Source?.Member,
                    view.Now - view.UnchangedFor,
                    change.LacksNewerData
                )
                : null,
            Switch = document.Switch is { } request
                ? new SwitchStatus(request.Step, request.From?.Member, request.To, request.At)
                : null,
            Members = [.. document.Present().Select(member => Member(view, member))],
            Forgotten = document.Forgotten,
            Discards = [.. document.Discards.Select(discard => discard.Member)],
            Reinits = [.. document.Reinits.Select(reinit => reinit.Member)],
            Ledger =
            [
                .. document.Ledger.Select(line => new LedgerLine(
                    line.Member,
                    line.Epoch,
                    line.Since,
                    document.IsDiscarded(line.Member, line.Epoch)
                )
                {
                    IsNewer = line.IsNewer,
                    IsContained =
                        !document.IsDiscarded(line.Member, line.Epoch)
                        && Ruling(view) is { } master
                        && view.Of(master).Redis.IsOpen
                        && view.Of(line.Member).Redis.IsReachable
                        && ReplicaRules.MayFollow(timings, view, line.Member),
                    IsMerged =
                        document.Ruler is { } ruler
                        && line.Merged is { } merged
                        && (merged.Target, merged.Epoch) == (ruler.RunId, ruler.Epoch),
                }),
            ],
            Promotions = [.. Promotions(view, timings)],
            Return = Returning(view, timings),
            Reason = "",
        };
    }

    /// <summary>
    /// The member that a replica follows, or the run id where that is no member's; null: nobody.
    /// </summary>
    public static string? FollowedBy(ClusterView view, RedisSight redis) =>
        redis.Follows is { } followed ? view.NameOf(followed.RunId) ?? followed.RunId : null;

    public static DecisionKind KindOf(Decision decision) =>
        decision switch
        {
            Decision.Nothing => DecisionKind.Wait,
            Decision.Acquire => DecisionKind.Acquire,
            Decision.Renew => DecisionKind.Renew,
            Decision.AskPromises => DecisionKind.AskPromises,
            Decision.Release => DecisionKind.Release,
            Decision.Write => DecisionKind.Write,
            // One word for both: leaving is the first step of following, and tools read the word.
            Decision.Command { What: RedisAction.Leave or RedisAction.Follow } => DecisionKind.Follow,
            Decision.Command { What: RedisAction.Merge } => DecisionKind.Merge,
            Decision.Command { What: RedisAction.Promote } => DecisionKind.Promote,
            Decision.Command { What: RedisAction.Open } => DecisionKind.Open,
            Decision.Command { What: RedisAction.Close } => DecisionKind.Close,
            _ => DecisionKind.None,
        };

    /// <summary>
    /// The member that holds the lease and was opened under it; without the coordination store, the
    /// one that is seen open.
    /// </summary>
    private static string? Ruling(ClusterView view) =>
        view.Document.Ruler is { } ruler
        && (
            view.State is { } state
                ? state.IsHeld && state.Epoch == ruler.Epoch
                : view.Of(ruler.Member).Redis is { IsOpen: true } redis && redis.Record?.Epoch == ruler.Epoch
        )
            ? ruler.Member
            : null;

    private static ClusterMemberStatus Member(ClusterView view, ClusterMember member)
    {
        var (redis, isAlive) = view.Of(member.Name);
        return new ClusterMemberStatus
        {
            Name = member.Name,
            Redis = member.Redis,
            Agent = member.Agent,
            Kind = member.Kind,
            IsReachable = redis.IsReachable,
            IsRefused = redis.Reach == RedisReach.Refused,
            IsAgentAlive = isAlive,
            Role = ClusterFace.RoleOf(redis),
            RunId = redis.IsReachable ? redis.RunId : null,
            Follows = redis is { IsReachable: true, IsMaster: false } ? FollowedBy(view, redis) : null,
            IsLinkUp = redis.IsReachable && redis.IsLinkUp,
            Offset = redis.IsReachable ? redis.Offset : null,
            LagBytes = redis.IsOpen ? null : ClusterFace.Lag(view, redis),
            LastSeen = LastSeen(view, view.Of(member.Name)),
            DataEpoch = redis.DataEpoch,
            IsOpen = redis.IsOpen,
            Merge = Merging(view, member.Name),
        };
    }

    private static LastPositionStatus? LastSeen(ClusterView view, MemberSight sight) =>
        sight.LastPosition is not { } last ? null
        : Ruling(view) is { } ruler && view.Of(ruler).Redis is { IsReachable: true } master
            ? new LastPositionStatus(last.At, Histories.Ahead(last.Point, master))
        : new LastPositionStatus(last.At, null);

    /// <summary>A merge into the present ruler; what was merged into former ones is over.</summary>
    private static MergeStatus? Merging(ClusterView view, string member) =>
        view.Of(member).Merge is { } merge
        && view.Document.Ruler is { } ruler
        && (merge.What.Target, merge.What.Epoch) == (ruler.RunId, ruler.Epoch)
            ? new MergeStatus(merge.State, merge.Master, merge.Counts.Scanned, merge.Counts.Of, merge.Counts.Written)
            {
                ForeignKeys = merge.Counts.Foreign,
                LeftOut = merge.Counts.LeftOut,
                Why = merge.Why,
                NotSetAside = merge.NotSetAside,
            }
            : null;

    private static ReturnStatus? Returning(ClusterView view, FailoverTimings timings)
    {
        var document = view.Document;
        if (
            timings.ReturnAfter is not { } after
            || Ruling(view) is not { } ruler
            || document
                .Present()
                .TakeWhile(member => member.Name != ruler)
                .FirstOrDefault(member => member.Kind == MemberKind.Candidate)
                is not { } preferred
        )
        {
            return null;
        }

        var end = document.ReturnAskedAt + timings.FlappingWindow;
        return new ReturnStatus(
            preferred.Name,
            document.Ruler!.IsChosen,
            (long)after.TotalMilliseconds,
            end > view.Now ? end : null
        );
    }

    private static IEnumerable<PromotionLine> Promotions(ClusterView view, FailoverTimings timings) =>
        from promotion in view.Document.Promotions
        where view.Now - promotion.At < timings.FlappingWindow
        group promotion.At by promotion.Member into at
        let isBarred = at.Count() >= timings.MaxPromotions
        select new PromotionLine(
            at.Key,
            at.Count(),
            at.Max(),
            isBarred,
            isBarred ? at.Order().ElementAt(at.Count() - timings.MaxPromotions) + timings.FlappingWindow : null
        );
}
