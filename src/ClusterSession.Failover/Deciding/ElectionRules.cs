using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;

namespace ClusterSession.Failover.Deciding;

/// <summary>Who takes a free lease: every agent comes to the same by the same view.</summary>
/// <param name="timings">Durations and limits, alike on all agents of a cluster.</param>
internal sealed class ElectionRules(FailoverTimings timings)
{
    public Decision Decide(ClusterView view, long epoch)
    {
        if (!view.Own.IsReachable)
        {
            return new Decision.Nothing(Reason.RedisUnreachable);
        }

        if (view.BoundFor > TimeSpan.Zero)
        {
            return new Decision.Nothing(Reason.IsBound);
        }

        var request = view.Document.Switch is { Step: SwitchStep.HandOver } order ? order : null;
        if (request is { To: { } next } && view.FreeFor < timings.NextMasterWait)
        {
            // Goes before the two waits below. The first is for promises that this agent may have
            // forgotten, the second for promises of others to a master that did not know of this
            // member. The release has ended all of them.
            return next == view.Self && request.Closed is { } closed && Histories.HasUpTo(view.Own, closed)
                ? new Decision.Acquire(Begun(view, epoch + 1, source: null, lacksNewerData: false))
                : new Decision.Nothing(Reason.HandingOver);
        }

        if (view.SinceStart < timings.Ttl)
        {
            return new Decision.Nothing(Reason.JustStarted);
        }

        if (view.MemberFor < timings.Ttl + timings.Round)
        {
            return new Decision.Nothing(Reason.JustAdopted);
        }

        var last = LastMaster(view.Document);
        var members = view.Document.Present().ToArray();
        if (LostStore.LaterData(epoch, members, view.Of) is not null)
        {
            return new Decision.Nothing(Reason.StoreLost);
        }

        if (
            view.FreeFor < timings.GatherWait
            && !IsHandingOverMasterInSight(view, request)
            && members.Any(member => member.Name != last && !view.Of(member.Name).IsUsable)
        )
        {
            return new Decision.Nothing(Reason.Gathering);
        }

        var usable = members.Where(member => view.Of(member.Name).IsUsable).ToArray();
        var best = Best(view, usable);
        var lacksNewerData = best is null || IsNewerOutOfReach(view, members, view.Of(best.Name).Redis);
        if (best is null || (lacksNewerData && view.FreeFor < timings.NewerDataWait))
        {
            return new Decision.Nothing(Reason.NewerDataOutOfReach);
        }

        var (target, source) = Choose(view, usable, best, ref lacksNewerData);
        if (target != view.Self)
        {
            return new Decision.Nothing(Reason.NotTheTarget);
        }

        return new Decision.Acquire(Begun(view, epoch + 1, source, lacksNewerData));
    }

    /// <summary>
    /// The same process takes the lease again; it never stopped being the master.
    /// </summary>
    public static Decision Regain(ClusterView view, long epoch) =>
        new Decision.Acquire(
            view.Document with
            {
                Change = new ClusterChange(
                    ClusterChange.IdOf(ChangeKind.Regain, epoch + 1),
                    ChangeKind.Regain,
                    epoch + 1,
                    new RedisProcess(view.Self, view.Own.RunId),
                    null,
                    ChangeStep.Open
                )
                {
                    Contained = view.Document.Ruler!.Contained,
                    Histories = view.Document.Ruler.Histories,
                    IsChosen = view.Document.Ruler.IsChosen,
                    At = view.Now - view.FreeFor,
                    From = view.Self,
                },
                Switch = null,
            }
        );

    /// <summary>
    /// Whether a member may be elected: a candidate, but not one that refuses writes while another
    /// takes them, nor one that failed or flapped of late. Failures and flapping do not count in a
    /// switch, nor for the only candidate.
    /// </summary>
    public static bool MayBeElected(FailoverTimings timings, ClusterView view, ClusterMember member) =>
        IsFit(view, member)
        && (
            DoesSwitchAdmit(view.Document.Switch, member.Name)
            || !timings.IsBarred(view.Document, member.Name, view.Now)
            || !view
                .Document.Present()
                .Any(other =>
                    other.Kind == MemberKind.Candidate
                    && other.Name != member.Name
                    && view.Of(other.Name).IsUsable
                    && !timings.IsBarred(view.Document, other.Name, view.Now)
                )
        );

    /// <summary>Whether it could be the master, however often it failed.</summary>
    public static bool IsFit(ClusterView view, ClusterMember member) =>
        member.Kind == MemberKind.Candidate
        && (
            !view.Of(member.Name).Redis.RefusesWrites
            || !view
                .Document.Present()
                .Any(other =>
                    other.Kind == MemberKind.Candidate
                    && view.Of(other.Name) is { IsUsable: true, Redis.RefusesWrites: false }
                )
        );

    /// <summary>
    /// Whether a switch lets the member become master whatever failed before: the one that it
    /// names, the master that hands over, or any where it names none.
    /// </summary>
    private static bool DoesSwitchAdmit(SwitchRequest? request, string member) =>
        request is not null && (request.To is null || request.To == member || request.From?.Member == member);

    /// <summary>
    /// Whether the master that hands over is in sight: it has everything, so that nobody else need
    /// be waited for.
    /// </summary>
    private static bool IsHandingOverMasterInSight(ClusterView view, SwitchRequest? request) =>
        request?.From is { } from
        && view.Of(from.Member) is { IsUsable: true } sight
        && sight.Redis.RunId == from.RunId;

    private (string? Target, string? Source) Choose(
        ClusterView view,
        ClusterMember[] usable,
        ClusterMember best,
        ref bool lacksNewerData
    )
    {
        var newest = view.Of(best.Name).Redis;
        var leaving =
            view.Document.Switch is { To: null, From: { } from } && view.FreeFor < timings.SwitchWait
                ? from.Member
                : null;
        if (MayBeElected(timings, view, best) && best.Name != leaving)
        {
            return (best.Name, null);
        }

        var electable = usable.Where(member => MayBeElected(timings, view, member) && member.Name != leaving).ToArray();
        var ableToFollow = electable.Where(member =>
            view.Of(member.Name).Redis is var redis
            && (view.Document.IsDiscarded(member.Name, redis.DataEpoch) || timings.IsContained(redis, newest))
        );
        if (Best(view, ableToFollow) is { } target)
        {
            return (target.Name, best.Name);
        }

        if (IsFit(view, best))
        {
            return (best.Name, null); // That it failed before is no reason to go on without its data.
        }

        // Nobody can follow it without losing data: it stays closed, and another's data comes
        // first.
        lacksNewerData = true;
        return view.FreeFor < timings.NewerDataWait ? (null, null) : (Best(view, electable)?.Name, null);
    }

    private ClusterDocument Begun(ClusterView view, long epoch, string? source, bool lacksNewerData)
    {
        var target = new RedisProcess(view.Self, view.Own.RunId);
        var from = source is null ? null : new RedisProcess(source, view.Of(source).Redis.RunId);
        var newest = source is null ? view.Own : view.Of(source).Redis;
        var contained = view
            .Document.Present()
            .Where(member => member.Name != view.Self && member.Name != source)
            .Select(member => (member.Name, view.Of(member.Name).Redis))
            .Where(member =>
                member.Redis is { IsReachable: true, IsMaster: true, HasOwnRecord: false }
                && timings.IsContained(member.Redis, newest)
            )
            .Select(member => new RedisProcess(member.Name, member.Redis.RunId));
        var ruler = view.Document.Ruler;
        var request = view.Document.Switch is { Step: SwitchStep.HandOver } order ? order : null;
        var hasAll = request?.Closed is { } closed && Histories.HasUpTo(newest, closed);
        var kind =
            request?.From == target ? ChangeKind.TakeBack
            : hasAll && request!.To == view.Self ? ChangeKind.Switch
            : ChangeKind.Failover;
        return view.Document with
        {
            Ruler = ruler is not null && new RedisProcess(ruler.Member, ruler.RunId) == target ? ruler : null,
            Ledger =
            [
                .. LedgerRules
                    .Lines(hasAll ? view.Document with { Switch = null } : view.Document, view.Now, target)
                    .Select(line => LedgerRules.Dated(line, view))
                    .Select(line =>
                        lacksNewerData && IsNewer(view, line, newest) ? line with { IsNewer = true } : line
                    ),
            ],
            Switch = null,
            Reinits = [],
            Change = new ClusterChange(
                ClusterChange.IdOf(kind, epoch),
                kind,
                epoch,
                target,
                from,
                from is null ? ChangeStep.PromoteTarget : ChangeStep.PromoteSource
            )
            {
                At = view.Now - view.FreeFor,
                From = request?.From?.Member ?? LastMaster(view.Document),
                LineIfNotCompleted =
                    hasAll && request!.From is { } left && left != target
                        ? new UnmergedData(request.Epoch, left.Member, left.RunId, view.Now)
                        : null,
                LacksNewerData = lacksNewerData,
                IsChosen = request is { IsReturn: false } && kind != ChangeKind.TakeBack,
                Contained = [.. contained],
                Histories =
                [
                    new HistoryPoint(newest.HistoryId, newest.Offset),
                    new HistoryPoint(newest.FormerHistoryId, newest.FormerOffset),
                    // Its master closed there: what it writes from then on are pings and expiries.
                    .. hasAll ? [new HistoryPoint(request!.Closed!.Id, long.MaxValue)] : Array.Empty<HistoryPoint>(),
                ],
            },
        };
    }

    /// <summary>
    /// Whether newer data exists that cannot be used: a higher epoch was opened, or a Redis has
    /// newer data and its agent is not responding.
    /// </summary>
    private bool IsNewerOutOfReach(ClusterView view, ClusterMember[] members, RedisSight best) =>
        LedgerRules.Lines(view.Document, view.Now, except: null).Any(line => IsNewer(view, line, best))
        || members.Any(member =>
            view.Of(member.Name) is { IsAgentAlive: false, Redis.IsReachable: true } sight
            && !view.Document.IsDiscarded(member.Name, sight.Redis.DataEpoch)
            && timings.Newer(sight.Redis, best) > 0
        );

    private static bool IsNewer(ClusterView view, UnmergedData line, RedisSight best) =>
        line.Epoch > best.DataEpoch
        && !view.Document.IsDiscarded(line.Member, line.Epoch)
        && !WasNeverOpened(view.Of(line.Member).Redis, line);

    /// <summary>
    /// Whether the process of a ledger line was never opened: its lease ended before it wrote its
    /// epoch. A Redis takes commits only after that.
    /// </summary>
    private static bool WasNeverOpened(RedisSight redis, UnmergedData line) =>
        redis.IsReachable && redis.RunId == line.RunId && redis.DataEpoch < line.Epoch;

    /// <summary>
    /// The member with the newest data. Among equals: one that may be elected, then document order.
    /// </summary>
    private ClusterMember? Best(ClusterView view, IEnumerable<ClusterMember> members) =>
        members
            .OrderByDescending(member => view.Of(member.Name).Redis, Comparer<RedisSight>.Create(timings.Newer))
            .ThenByDescending(member => MayBeElected(timings, view, member))
            .FirstOrDefault();

    /// <summary>
    /// The member that was opened last; without a ruler, that of the newest ledger line.
    /// </summary>
    private static string? LastMaster(ClusterDocument document) =>
        document.Ruler?.Member ?? document.Ledger.MaxBy(line => line.Epoch)?.Member;
}
