using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;
using ClusterSession.Redis.Connection.Fencing;

namespace ClusterSession.Failover.Deciding;

/// <summary>
/// What an agent does while another holds the lease: its own Redis is closed, and is to become a
/// replica of the master. The rules of candidates, read replicas and followers alike.
/// </summary>
/// <param name="timings">Durations and limits, alike on all agents of a cluster.</param>
internal sealed class ReplicaRules(FailoverTimings timings)
{
    public Decision Decide(ClusterView view, long epoch)
    {
        var own = view.Own;
        if (!own.IsReachable)
        {
            return new Decision.Nothing(Reason.RedisUnreachable);
        }

        if (view.Document.Change is { } change && change.Epoch == epoch)
        {
            var ofSource = new Tenure(own.RunId, epoch);
            return
                change.Step == ChangeStep.PromoteSource
                && !(own.IsMaster && own.Admits.Contains(ofSource))
                && change.Source == new RedisProcess(view.Self, own.RunId)
                ? new Decision.Command(new RedisAction.Promote(ofSource))
                : new Decision.Nothing(Reason.ChangeUnderWay);
        }

        if (
            view.Document.Ruler is not { } ruler
            || ruler.Epoch != epoch
            || view.Of(ruler.Member).Redis is not { IsReachable: true, IsMaster: true } master
            || master.RunId != ruler.RunId
            || master.DataEpoch != epoch
        )
        {
            return new Decision.Nothing(Reason.RulerNotInSight);
        }

        if (view.Document.Reinits.Any(reinit => reinit == new MemberReinit(view.Self, ReinitStep.Detach)))
        {
            // Promoted, it begins a new replication history. No master can continue that one
            // partially, so that the next Follow is a full synchronisation, which a reinit wants.
            return own.IsMaster
                ? new Decision.Nothing(Reason.ChangeUnderWay)
                : new Decision.Command(new RedisAction.Promote(new Tenure(own.RunId, epoch)));
        }

        var tenure = new Tenure(ruler.RunId, epoch);
        if (own.Follows == tenure)
        {
            return new Decision.Nothing(Reason.Follows);
        }

        // A member that may not follow yet leaves its former master all the same: what that might
        // yet send is not to come after the merge.
        if (MayFollow(timings, view, view.Self) || !GetsNothing(own))
        {
            return new Decision.Command(LeaveOrFollow(own, ruler.Member, tenure));
        }

        // The merge waits for the line in the ledger: it says, by another member's clock, since
        // when the data is out of touch (UnmergedData.Since).
        return master.IsOpen && view.Document.Ledger.Any(line => line.Member == view.Self)
            ? new Decision.Command(new RedisAction.Merge(ruler.Member, tenure))
            : new Decision.Nothing(Reason.Unmerged);
    }

    /// <summary>
    /// A replica first leaves its former master, and is looked at again. Else the link to the
    /// former master could come up between the look and the command to follow, and bring what the
    /// next master lacks.
    /// </summary>
    public static RedisAction LeaveOrFollow(RedisSight own, string member, Tenure tenure) =>
        own is { IsMaster: false, Follows: { Epoch: not RedisAction.Leave.NoLease } }
            ? new RedisAction.Leave(member, tenure.RunId)
            : new RedisAction.Follow(member, tenure);

    /// <summary>Whether it gets nothing from anybody: its data stays as it is.</summary>
    public static bool GetsNothing(RedisSight redis) =>
        redis.IsMaster || redis.Follows is null or { Epoch: RedisAction.Leave.NoLease };

    /// <summary>Whether nothing is lost when a member follows the ruler of the document.</summary>
    public static bool MayFollow(FailoverTimings timings, ClusterView view, string member)
    {
        var ruler = view.Document.Ruler!;
        var (redis, master) = (view.Of(member).Redis, view.Of(ruler.Member).Redis);
        return timings.IsContained(redis, master)
            || view.Document.IsDiscarded(member, redis.DataEpoch)
            || view.Document.Reinits.Any(reinit => reinit.Member == member)
            // All that it has came from this process under this lease, and the process lost nothing
            // since.
            || (redis.DataEpoch == ruler.Epoch && master.RunId == ruler.RunId)
            || ruler.Histories.Any(point => point.Id == redis.HistoryId && redis.Offset <= point.Offset)
            || IsMerged(view.Document, ruler, member, redis)
            // A closed master that was contained when the lease was taken has got no commit since.
            || (redis.IsMaster && ruler.Contained.Contains(new RedisProcess(member, redis.RunId)));
    }

    /// <summary>
    /// Whether all that it has was merged into this very ruler. Another process of the member, or
    /// the ruler under another lease, begins anew.
    /// </summary>
    private static bool IsMerged(ClusterDocument document, Ruler ruler, string member, RedisSight redis) =>
        GetsNothing(redis)
        && !redis.HasOwnRecord
        && document.Ledger.Any(line =>
            line.Member == member && line.Merged == new MergedData(ruler.RunId, ruler.Epoch, redis.RunId)
        );
}
