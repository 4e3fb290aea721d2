using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;
using ClusterSession.Redis.Connection.Fencing;

namespace ClusterSession.Failover.Deciding;

/// <summary>What the holder of the lease does: the steps of a change, then ruling.</summary>
/// <param name="timings">Durations and limits, alike on all agents of a cluster.</param>
internal sealed class HolderRules(FailoverTimings timings)
{
    private const string NoMaster = "Its Redis is not a master any more.";
    private const string NoWrites = "Its Redis refuses writes, since it cannot write its files.";
    private const string Overtaken = "A member with newer data came into sight.";
    private const string NotOpened = "It could not be promoted or opened in time.";
    private const string NoSource = "It could not get the data of the most advanced member.";
    private readonly LedgerRules _ledger = new(timings);
    private readonly SwitchRules _switch = new(timings);
    private readonly WayBackRules _wayBack = new(timings);

    public Decision Decide(ClusterView view, long epoch)
    {
        var document = view.Document;
        if (document.Change is { } taken && taken.Epoch < epoch && taken.Target.Member == view.Self)
        {
            // A lease is taken together with its change, so this is the change of this lease: the
            // store has numbered it otherwise than its taker could know. Nothing is done under the
            // former number.
            return new Decision.Write(document with { Change = taken.Numbered(epoch) });
        }

        // A lease that this agent counts already is renewed when less than half of its life is
        // left, and not at each look: where looks are slow, the agent would do nothing but renew.
        if (view.LeaseEpoch != epoch || view.LeaseLeft < timings.Ttl / 2)
        {
            return new Decision.Renew();
        }

        if (document is { Maintenance: true, Change: not { Kind: ChangeKind.Regain } })
        {
            return IsWithoutRecord(view, epoch)
                ? new Decision.Command(new RedisAction.Open(new Tenure(view.Own.RunId, epoch)))
                : new Decision.Nothing(Reason.Maintenance);
        }

        var process =
            document.Ruler is { } ruler && ruler.Epoch == epoch ? new RedisProcess(ruler.Member, ruler.RunId)
            : document.Change is { } begun && begun.Epoch == epoch ? begun.Target
            : null;
        if (!view.Own.IsReachable)
        {
            // A frozen process may hold a record: nobody else may have the lease before that
            // expired. One whose host refuses the connection has ended, and the next one has
            // another run id, which no record names: there is nothing to wait for.
            return
                view.Own.Reach == RedisReach.Refused
                || (view.SilentFor >= timings.DeadAfter && view.RecordLeft <= TimeSpan.Zero)
                ? new Decision.Release(LedgerRules.AfterRelease(document, view, "Its Redis is not responding."))
                : new Decision.Nothing(Reason.RedisUnreachable);
        }

        if (process != new RedisProcess(view.Self, view.Own.RunId))
        {
            return GiveUp(view, "Its Redis was restarted, or was not opened under this lease.");
        }

        return document.Change is { } change && change.Epoch == epoch ? Continue(view, change) : Rule(view, epoch);
    }

    /// <summary>
    /// Whether this Redis is the master of this lease without a record of it: the record expired
    /// while the agent was away. Opening the Redis again needs no election, since nobody has had
    /// the lease meanwhile.
    /// </summary>
    private static bool IsWithoutRecord(ClusterView view, long epoch) =>
        view.Own is { IsReachable: true, IsMaster: true } own
        && own.DataEpoch == epoch
        && view.Document is { Change: null, Ruler: { } ruler }
        && ruler.Epoch == epoch
        && (ruler.Member, ruler.RunId) == (view.Self, own.RunId)
        && own.Record != new Tenure(own.RunId, epoch);

    private Decision Rule(ClusterView view, long epoch)
    {
        var own = view.Own;
        if (!own.IsMaster)
        {
            return GiveUp(view, NoMaster);
        }

        if (view.Document.Switch is { } request && _switch.Decide(view, request, epoch) is { } step)
        {
            return step;
        }

        var tenure = new Tenure(own.RunId, epoch);
        if (own.RefusesWrites && HasReplicaThatCouldTakeWrites(view, tenure))
        {
            return GiveUp(view, NoWrites);
        }

        if (own.Record != tenure || !own.AdmitsClients)
        {
            return new Decision.Command(new RedisAction.Open(tenure));
        }

        return (_ledger.Update(view) ?? _wayBack.Request(view, epoch)) is { } document
            ? new Decision.Write(document)
            : new Decision.Nothing(Reason.IsMaster);
    }

    /// <summary>
    /// Whether a replica that can take writes may take over. A full disk is a reason to hand over
    /// where nothing is lost by that. It is no reason to be without any master.
    /// </summary>
    private bool HasReplicaThatCouldTakeWrites(ClusterView view, Tenure tenure) =>
        view
            .Document.Present()
            .Any(member =>
                view.Of(member.Name) is { IsUsable: true, Redis: { IsLinkUp: true, RefusesWrites: false } redis }
                && redis.Follows == tenure
                && ElectionRules.MayBeElected(timings, view, member)
            );

    /// <summary>
    /// Whether a change that began without newer data is to be given up, since that data is in
    /// sight now: the agent may have stood still before it took the lease. It is not given up where
    /// the member with the newer data cannot become master: then this member would be elected
    /// again.
    /// </summary>
    private bool IsOvertaken(ClusterView view, ClusterChange change) =>
        change is { Kind: ChangeKind.Failover, LacksNewerData: true }
        && view.Own.DataEpoch < change.Epoch
        && view.Document.Present()
            .Any(member =>
                member.Name != view.Self
                && member.Name != change.Source?.Member
                && view.Of(member.Name) is { IsUsable: true } sight
                && sight.Redis.DataEpoch > view.Own.DataEpoch
                && timings.Newer(sight.Redis, change.Source is { } source ? view.Of(source.Member).Redis : view.Own) > 0
                && ElectionRules.IsFit(view, member)
            );

    private Decision Continue(ClusterView view, ClusterChange change)
    {
        var own = view.Own;
        if (IsOvertaken(view, change))
        {
            return GiveUp(view, Overtaken);
        }

        if (
            change.Step is ChangeStep.PromoteTarget or ChangeStep.Open
            && view.UnchangedFor >= timings.StepWait
            && !view.Document.Maintenance
            && !(own.Record == new Tenure(own.RunId, change.Epoch) && own.AdmitsClients)
        )
        {
            return GiveUp(
                view with
                {
                    Document = view.Document.WithFailure(view.Self, view.Now, timings.PassOver),
                },
                NotOpened
            );
        }

        switch (change.Step)
        {
            case ChangeStep.PromoteSource:
            case ChangeStep.FollowSource:
                return WithSource(view, change, view.Of(change.Source!.Member));
            case ChangeStep.PromoteTarget:
                return own.IsMaster
                    ? Next(view, change with { Step = ChangeStep.Open })
                    : new Decision.Command(new RedisAction.Promote(new Tenure(own.RunId, change.Epoch)));
            default:
                break;
        }

        if (!own.IsMaster)
        {
            return GiveUp(view, NoMaster);
        }

        if (view.BoundFor > TimeSpan.Zero)
        {
            return new Decision.Nothing(Reason.IsBound);
        }

        var tenure = new Tenure(own.RunId, change.Epoch);
        return own.Record == tenure && own.AdmitsClients && own.DataEpoch == change.Epoch
            ? new Decision.Write(_ledger.Completed(view, change))
            : new Decision.Command(new RedisAction.Open(tenure));
    }

    private Decision WithSource(ClusterView view, ClusterChange change, MemberSight source)
    {
        var own = view.Own;
        var seen = source.Redis;
        if (seen.Reach == RedisReach.Refused || (seen.IsReachable && seen.RunId != change.Source!.RunId))
        {
            return GiveUp(view, NoSource);
        }

        var tenure = new Tenure(change.Source!.RunId, change.Epoch);
        var isLinked = own.Follows == tenure && (own.IsLinkUp || own.IsSyncing); // To another does not count.
        if (view.UnchangedFor >= timings.StepWait && !isLinked)
        {
            return GiveUp(view, NoSource);
        }

        if (!seen.IsReachable || !seen.IsMaster || !seen.Admits.Contains(tenure))
        {
            return change.Step == ChangeStep.PromoteSource || view.UnchangedFor < timings.StepWait
                ? new Decision.Nothing(Reason.ChangeUnderWay)
                : GiveUp(view, NoSource);
        }

        if (change.Step == ChangeStep.PromoteSource)
        {
            return Next(view, change with { Step = ChangeStep.FollowSource });
        }

        if (own.Follows != tenure)
        {
            return timings.IsContained(own, seen) || view.Document.IsDiscarded(view.Self, own.DataEpoch)
                ? new Decision.Command(ReplicaRules.LeaveOrFollow(own, change.Source!.Member, tenure))
                : GiveUp(view, NoSource);
        }

        return own.IsLinkUp && own.HistoryId == seen.HistoryId && own.Offset >= seen.Offset
            ? Next(
                view,
                change with
                {
                    Step = ChangeStep.PromoteTarget,
                    Contained = [.. change.Contained.Where(known => known != change.Source), change.Source!],
                }
            )
            : new Decision.Nothing(Reason.ChangeUnderWay);
    }

    /// <summary>
    /// Closes, and releases only when no unanswered Open can take effect any more: it would open
    /// this Redis beside the next master.
    /// </summary>
    private static Decision GiveUp(ClusterView view, string why) =>
        view.Own.HasOwnRecord || view.Own.AdmitsClients ? new Decision.Command(new RedisAction.Close())
        : view.OpenLeft > TimeSpan.Zero ? new Decision.Nothing(Reason.GivingUp)
        : new Decision.Release(LedgerRules.AfterRelease(view.Document, view, why));

    /// <summary>
    /// Once the target may open, its discards are removed: nobody has discarded what it holds
    /// from then on.
    /// </summary>
    private static Decision.Write Next(ClusterView view, ClusterChange change) =>
        new(
            view.Document with
            {
                Change = change,
                Discards =
                    change.Step != ChangeStep.Open
                        ? view.Document.Discards
                        : [.. view.Document.Discards.Where(discard => discard.Member != view.Self)],
            }
        );
}
