using System.Globalization;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;

namespace ClusterSession.Failover.Deciding;

/// <summary>
/// What goes into the ledger and out of it. In it is each member with data that the present master
/// may lack: one that has ruled, until it follows, and one that is seen with data that is not
/// provably contained.
/// </summary>
/// <param name="timings">Durations and limits, alike on all agents of a cluster.</param>
internal sealed class LedgerRules(FailoverTimings timings)
{
    /// <summary>
    /// The document when the lease is released: a member that may have been open goes into the
    /// ledger.
    /// </summary>
    public static ClusterDocument AfterRelease(ClusterDocument document, ClusterView view, string why) =>
        (
            document with
            {
                Ruler = null,
                Change = null,
                Switch = null,
                Ledger =
                [
                    .. Lines(document, view.Now, except: null)
                        .Select(line =>
                            line.Member == view.Self && !document.Ledger.Contains(line)
                                ? line with
                                {
                                    IsDatedByItself = true,
                                }
                                : line
                        ),
                ],
            }
        ).With(new ClusterEvent(view.Now, view.State?.Epoch ?? 0, EventKind.GivenUp, view.Self, null) { Why = why });

    /// <summary>
    /// The lines of the ledger when the lease passes on: those that are in it, and those that the
    /// present ruler, hand-over and change leave behind. For the process <paramref name="except"/>,
    /// which is about to rule, these three add no line.
    /// </summary>
    public static IEnumerable<UnmergedData> Lines(ClusterDocument document, DateTimeOffset now, RedisProcess? except)
    {
        var lines = document.Ledger.ToDictionary(line => line.Member);
        if (document.Ruler is { } ruler && new RedisProcess(ruler.Member, ruler.RunId) != except)
        {
            lines[ruler.Member] = new UnmergedData(ruler.Epoch, ruler.Member, ruler.RunId, now);
        }

        if (document.Switch is { Step: SwitchStep.HandOver, From: { } from } request && from != except)
        {
            lines[from.Member] = new UnmergedData(request.Epoch, from.Member, from.RunId, now);
        }

        if (document.Change?.LineIfNotCompleted is { } line && new RedisProcess(line.Member, line.RunId) != except)
        {
            lines[line.Member] = line with { Since = now };
        }

        if (document.Change is { Step: ChangeStep.Open } change && change.Target != except)
        {
            lines[change.Target.Member] = new UnmergedData(
                change.Epoch,
                change.Target.Member,
                change.Target.RunId,
                now
            );
        }

        return lines.Values.OrderBy(line => line.Epoch).ThenBy(line => line.Member, StringComparer.Ordinal);
    }

    /// <summary>
    /// A line that another member has dated by its own clock gets the time at which this agent
    /// first saw the lease free. Any other line stays as it is.
    /// </summary>
    public static UnmergedData Dated(UnmergedData line, ClusterView view) =>
        line.IsDatedByItself && line.Member != view.Self
            ? line with
            {
                Since = view.Now - view.FreeFor,
                IsDatedByItself = false,
            }
            : line;

    /// <summary>The document when a change is done.</summary>
    public ClusterDocument Completed(ClusterView view, ClusterChange change)
    {
        var document = view.Document;
        var kept = document.Promotions.Where(promotion => view.Now - promotion.At < timings.FlappingWindow);
        var duration = view.Now - change.At;
        var happened = new ClusterEvent(view.Now, change.Epoch, What(change.Kind), change.From, change.Target.Member)
        {
            Duration = duration > TimeSpan.Zero ? duration : TimeSpan.Zero,
            LacksNewerData = change.LacksNewerData,
        };
        return (
            document with
            {
                Change = null,
                Ruler = new Ruler(change.Target.Member, change.Target.RunId, change.Epoch)
                {
                    Contained = change.Contained,
                    Histories = change.Histories,
                    IsChosen = change.IsChosen,
                },
                Absences = [.. document.Absences.Where(absence => absence.Member != change.Target.Member)],
                Ledger = [.. document.Ledger.Where(line => line.Member != change.Target.Member)],
                Promotions =
                    change.Kind == ChangeKind.Failover
                        ? [.. kept, new Promotion(change.Target.Member, view.Now)]
                        : [.. kept],
                Discards = [.. document.Discards.Where(discard => discard.Member != change.Target.Member)],
            }
        ).With(happened);
    }

    /// <summary>
    /// The document with a ledger that agrees with what the ruler sees; null: it agrees already.
    /// </summary>
    public ClusterDocument? Update(ClusterView view)
    {
        var document = view.Document;
        var following = document
            .Present()
            .Where(member => IsFollowing(view, member.Name))
            .Select(member => member.Name)
            .ToHashSet();
        var known = document.Ledger.Select(line => line.Member).ToHashSet();
        var unmerged = document
            .Present()
            .Where(member =>
                member.Name != view.Self
                && !known.Contains(member.Name)
                && view.Of(member.Name).Redis is { IsReachable: true, IsEmpty: false }
                && !following.Contains(member.Name)
                && !ReplicaRules.MayFollow(timings, view, member.Name)
            )
            .ToArray();
        var reinits = Reinits(view, following);
        var merged = document
            .Ledger.Where(line => !following.Contains(line.Member) && MergedOf(view, line) != line.Merged)
            .ToDictionary(line => line.Member, line => line with { Merged = MergedOf(view, line) });
        var absences = Absences(view, following);
        if (
            unmerged.Length == 0
            && merged.Count == 0
            && !known.Overlaps(following)
            && !document.Discards.Any(discard => following.Contains(discard.Member))
            && reinits.SequenceEqual(document.Reinits)
            && absences.SequenceEqual(document.Absences)
        )
        {
            return null;
        }

        var added = unmerged.Select(member => new UnmergedData(
            view.Of(member.Name).Redis.DataEpoch,
            member.Name,
            view.Of(member.Name).Redis.RunId,
            absences.FirstOrDefault(absence => absence.Member == member.Name)?.Since
                ?? view.Now - view.Of(member.Name).OutOfStepFor
        ));
        var kept = document with
        {
            Ledger =
            [
                .. document
                    .Ledger.Where(line => !following.Contains(line.Member))
                    .Select(line => merged.GetValueOrDefault(line.Member, line)),
                .. added,
            ],
            Absences = absences,
            Discards = [.. document.Discards.Where(discard => !following.Contains(discard.Member))],
            Reinits = reinits,
        };
        var happened = unmerged
            .Select(member => (EventKind.Unmerged, member.Name))
            .Concat(merged.Keys.Order(StringComparer.Ordinal).Select(member => (EventKind.Merged, member)))
            .Concat(known.Where(following.Contains).Select(member => (EventKind.Settled, member)))
            .Concat(
                document
                    .Reinits.Select(reinit => reinit.Member)
                    .Except(reinits.Select(reinit => reinit.Member))
                    .Select(member => (EventKind.Reinitialized, member))
            );
        return happened.Aggregate(kept, (changed, what) =>
            changed.With(
                new ClusterEvent(view.Now, document.Ruler!.Epoch, what.Item1, null, what.Item2)
                {
                    Why = what.Item1 == EventKind.Merged ? Counted(view.Of(what.Item2).Merge!.Counts) : null,
                }
            )
        );
    }

    private static string Counted(MemberMergeCounts counts) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{counts.Scanned:N0} sessions were compared; {counts.Written:N0} records and elements were written."
        );

    /// <summary>
    /// The merge of the member's present process into the present ruler, if the member's agent says
    /// that it is complete; else what the line says.
    /// </summary>
    private static MergedData? MergedOf(ClusterView view, UnmergedData line)
    {
        var (sight, ruler) = (view.Of(line.Member), view.Document.Ruler!);
        var what = new MergedData(ruler.RunId, ruler.Epoch, sight.Redis.RunId);
        return sight is { IsUsable: true, Merge: { State: MergeState.Merged } merge } && merge.What == what
            ? what
            : line.Merged;
    }

    /// <summary>
    /// Short moments are no absence: each that is written costs the coordination store a round.
    /// </summary>
    private Absence[] Absences(ClusterView view, HashSet<string> following)
    {
        var kept = view
            .Document.Absences.Where(absence =>
                view.Document.Find(absence.Member) is not null
                && absence.Member != view.Self
                && !following.Contains(absence.Member)
            )
            .ToArray();
        return
        [
            .. kept,
            .. view
                .Document.Present()
                .Select(member => member.Name)
                .Where(member =>
                    member != view.Self
                    && !following.Contains(member)
                    && view.RulerFor >= timings.Ttl
                    && view.Of(member).OutOfStepFor >= timings.Ttl
                    && kept.All(absence => absence.Member != member)
                )
                .Select(member => new Absence(member, view.Now - view.Of(member).OutOfStepFor)),
        ];
    }

    /// <summary>
    /// A detached member may follow; one that follows after that has got everything.
    /// </summary>
    private static MemberReinit[] Reinits(ClusterView view, HashSet<string> following) =>
        [
            .. view
                .Document.Reinits.Where(reinit =>
                    reinit.Step == ReinitStep.Detach || !following.Contains(reinit.Member)
                )
                .Select(reinit =>
                    view.Of(reinit.Member).Redis is { IsReachable: true, IsMaster: true }
                        ? reinit with
                        {
                            Step = ReinitStep.Follow,
                        }
                        : reinit
                ),
        ];

    private static EventKind What(ChangeKind kind) =>
        kind switch
        {
            ChangeKind.Failover => EventKind.Failover,
            ChangeKind.Regain => EventKind.Regain,
            ChangeKind.Switch => EventKind.Switch,
            ChangeKind.TakeBack => EventKind.TakeBack,
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };

    private static bool IsFollowing(ClusterView view, string member)
    {
        var redis = view.Of(member).Redis;
        return redis is { IsReachable: true, IsMaster: false, IsLinkUp: true }
            && redis.Follows?.RunId == view.Own.RunId
            && redis.HistoryId == view.Own.HistoryId;
    }
}
