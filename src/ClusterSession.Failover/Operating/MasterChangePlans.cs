using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;

namespace ClusterSession.Failover.Operating;

/// <summary>Plans of commands by which another member becomes master.</summary>
/// <param name="timings">Durations and limits, alike on all agents of a cluster.</param>
internal sealed class MasterChangePlans(FailoverTimings timings)
{
    private const string Wait = "Wait until \"cluster-session failover status\" shows no change under way.";

    public PlanResult Switch(Situation seen, string to)
    {
        if (seen.Document.Find(to) is null)
        {
            return MemberPlans.Unknown(seen, to);
        }

        if (seen.UnderWay is { } underWay)
        {
            return new PlanResult.Refused(underWay, Wait);
        }

        if (seen.Master is not { } master)
        {
            return new PlanResult.Refused(
                "No member is master, so there is nothing to hand over.",
                "Wait until a member is chosen, or choose one now: cluster-session failover now"
            );
        }

        if (master.Member == to)
        {
            return new PlanResult.Refused($"{to} is master already.", "Nothing is to be done.");
        }

        if (Unusable(seen, master.Member) is { } unusable)
        {
            return unusable;
        }

        var request = new SwitchRequest(
            new RedisProcess(master.Member, master.RunId),
            to,
            master.Epoch,
            seen.Now,
            SwitchStep.Wait
        );
        if (seen.Document.Ledger.Any(line => line.Member == to) && seen.Document.Find(to) is not null)
        {
            return new PlanResult.Refused(
                $"{to} has data that {master.Member} may lack, and follows when that was merged.",
                "Repeat the command then: cluster-session failover status shows how far the merge is."
            );
        }

        var behind = seen.Of(master.Member).Redis.Offset - seen.Of(to).Redis.Offset;
        var view = seen.Imagine(timings, seen.Document).ViewOf(master.Member);
        if (new SwitchRules(timings with { SwitchLag = long.MaxValue }).WhyNot(view, request) is { } why)
        {
            return new PlanResult.Refused(
                why,
                $"See to {to} first, or name another candidate. To make the most advanced other candidate master: "
                    + "cluster-session failover now (it is refused where data would be lost)."
            );
        }

        string[] lag =
            behind <= timings.SwitchLag
                ? []
                :
                [
                    $"{to} is {behind} bytes behind {master.Member}. {master.Member} waits up to "
                        + $"{timings.SwitchWait.TotalSeconds:0.#} s until these are at most "
                        + $"{timings.SwitchLag}, and else "
                        + "retracts the switch.",
                ];
        var document = (seen.Document with { Switch = request }).With(
            seen.Event(EventKind.SwitchAsked, master.Member, to)
        );
        return Rehearsed(seen, document, $"It is written down that {master.Member} is to hand over to {to}.", lag, to);
    }

    public PlanResult Failover(Situation seen, IReadOnlyList<string> discards)
    {
        if (seen.UnderWay is { } underWay)
        {
            return new PlanResult.Refused(underWay, Wait);
        }

        foreach (var member in discards)
        {
            if (MemberPlans.WhyNoDiscard(seen, member) is { } refusal)
            {
                return refusal;
            }
        }

        var master = seen.Master;
        if (master is null && seen.State.IsHeld)
        {
            return new PlanResult.Refused($"{seen.State.LastHolder} holds the lease and is no master yet.", Wait);
        }

        if (master is not null && Unusable(seen, master.Member) is { } unusable)
        {
            return unusable;
        }

        var request = master is null
            ? new SwitchRequest(null, null, seen.State.Epoch, seen.Now, SwitchStep.HandOver)
            : new SwitchRequest(
                new RedisProcess(master.Member, master.RunId),
                null,
                master.Epoch,
                seen.Now,
                SwitchStep.Wait
            );
        var document = discards
            .Aggregate(
                seen.Document with
                {
                    Switch = request,
                    Discards = seen.Discarding(discards),
                },
                (changed, member) => changed.With(seen.Event(EventKind.Discarded, null, member))
            )
            .With(seen.Event(EventKind.FailoverAsked, master?.Member, null));
        var first = master is null
            ? "It is written down that the most advanced candidate is to become master now."
            : $"It is written down that {master.Member} is to hand over to the most advanced candidate.";
        return Rehearsed(
            seen,
            document,
            first,
            [.. discards.Select(member => $"What only {member} has is wiped when it follows the next master.")],
            to: null
        );
    }

    private PlanResult Rehearsed(Situation seen, ClusterDocument document, string first, string[] warnings, string? to)
    {
        var imagined = seen.Imagine(timings, document);
        var steps = new Rehearsal(timings).Run(imagined);
        var next = imagined.Document.Ruler?.Member;
        if (next is null || !imagined.IsRuled || next == document.Switch!.From?.Member || (to ?? next) != next)
        {
            var why = imagined.Document.Events[^1] is { What: EventKind.Retracted, Why: { } said }
                ? said
                : "By what is seen now no other candidate can become master.";
            return new PlanResult.Refused(
                why,
                "\"cluster-session failover status\" shows what is wrong with "
                    + "each member. Start what is not responding."
            );
        }

        var lacks = Lacks(seen, document, next).ToArray();
        if (steps.Any(step => step.Decision is Decision.Acquire { Document.Change.LacksNewerData: true }))
        {
            var names = string.Join(", ", lacks);
            return new PlanResult.Refused(
                $"{next} would become master, and {names} may have newer data, which nobody could read then.",
                $"Start Redis and agent of {names}. "
                    + (
                        lacks.FirstOrDefault(member => seen.Of(member).IsUsable) is { } alive
                        && seen.Unmerged.Any(line => line.Member == next)
                            ? $"Less is lost where {next} first gets what {alive} has, and loses only its own, by "
                                + $"\"cluster-session failover now --discard {next}\". "
                            : ""
                    )
                    + LastResort(seen, lacks)
            );
        }

        return new PlanResult.Planned([new PlannedStep(first), .. steps], [.. warnings, .. seen.Warnings()], document)
        {
            Notes = [.. Notes(document)],
        };
    }

    /// <summary>
    /// What an operator asks before: how long, what if it fails, whether data goes.
    /// </summary>
    private IEnumerable<string> Notes(ClusterDocument document)
    {
        if (document.Switch is { From: { } from, To: { } to })
        {
            yield return $"Without writes: usually below 0.2 s. If a step fails, or {to} does not have everything "
                + $"within {timings.CloseWait.TotalSeconds:0.###} s or does not take the lease within "
                + $"{timings.NextMasterWait.TotalSeconds:0.###} s, {from.Member} takes its place as master back.";
        }
        else if (document.Switch!.From is { } closing)
        {
            yield return $"Without writes: from when {closing.Member} closes until another opens. If nobody takes the "
                + $"lease in time (SwitchWait, {timings.SwitchWait.TotalSeconds:0.###} s), {closing.Member} "
                + "takes it back.";
        }

        yield return document.Discards.Count == 0
            ? DataWords.NothingIsWiped
            : "Wiped is only what was discarded: data of "
                + $"{string.Join(", ", document.Discards.Select(one => one.Member))}.";
    }

    private static string LastResort(Situation seen, IReadOnlyList<string> lacks) =>
        lacks.All(member => seen.DiscardOf(member) is not null)
            ? $"{DataWords.CopyFirst(string.Join(", ", lacks))} {DataWords.LastResort(lacks)}"
            : "Its Redis responds: nothing has to be discarded.";

    /// <summary>Members that have, or may have, what the next master lacks.</summary>
    private IEnumerable<string> Lacks(Situation seen, ClusterDocument document, string next)
    {
        var redis = seen.Of(next).Redis;
        return seen
            .Unmerged.Where(line => line.Epoch > redis.DataEpoch && !document.IsDiscarded(line.Member, line.Epoch))
            .Select(line => line.Member)
            .Concat(
                seen.Document.Present()
                    .Select(member => member.Name)
                    .Where(member =>
                        member != next
                        && seen.Of(member).Redis is { IsReachable: true } other
                        && timings.Newer(other, redis) > 0
                        && !document.IsDiscarded(member, other.DataEpoch)
                    )
            )
            .Distinct();
    }

    /// <summary>Why the master cannot close itself; null: it can.</summary>
    private PlanResult.Refused? Unusable(Situation seen, string master) =>
        seen.Of(master) switch
        {
            { IsAgentAlive: false } => new(
                $"The agent of the master {master} is not responding, and only it can close its Redis.",
                $"Another member becomes master by itself when the lease of epoch {seen.State.Epoch} expires (within "
                    + $"{timings.Ttl.TotalSeconds:0.#} s). If the lease is renewed on, see why {master} "
                    + "cannot be reached."
            ),
            { Redis.IsReachable: false } => new(
                $"The Redis of the master {master} is not responding.",
                "Its agent releases the lease by itself, and another member becomes master. If none does then: "
                    + "cluster-session failover now"
            ),
            _ => null,
        };
}
