using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Redis.Connection.Fencing;

namespace ClusterSession.Failover.Operating;

/// <summary>Plans of commands that concern one member and not the lease.</summary>
/// <param name="timings">Durations and limits, alike on all agents of a cluster.</param>
internal sealed class MemberPlans(FailoverTimings timings)
{
    public static PlanResult.Refused Unknown(Situation seen, string member) =>
        new(
            $"{member} is not a member of this cluster.",
            $"Name one of {string.Join(", ", seen.Document.Present().Select(known => known.Name))}."
        );

    /// <summary>Why the data of a member cannot be discarded; null: it can.</summary>
    public static PlanResult.Refused? WhyNoDiscard(Situation seen, string member) =>
        seen.Document.Find(member) is null ? Unknown(seen, member)
        : seen.Master?.Member == member
            ? new($"{member} is the master: its data is the cluster's.", "Switch to another member first.")
        : seen.DiscardOf(member) is { } discard && seen.Document.IsDiscarded(member, discard.Epoch)
            ? new($"The data of {member} was discarded already.", "Nothing is to be done: it follows when it responds.")
        : seen.Unmerged.All(line => line.Member != member)
            ? new(
                $"{member} is not in the list of data not merged: nothing is known that only it has.",
                $"To replace its data by that of the master: cluster-session failover reinit {member}"
            )
        : null;

    public PlanResult Discard(Situation seen, string member)
    {
        if (WhyNoDiscard(seen, member) is { } refusal)
        {
            return refusal;
        }

        var line = seen.Unmerged.First(unmerged => unmerged.Member == member);
        var discard = seen.DiscardOf(member)!;
        var document = (seen.Document with { Discards = seen.Discarding(member) }).With(
            seen.Event(EventKind.Discarded, null, member)
        );
        return new PlanResult.Planned(
            [
                new PlannedStep($"It is written down that what only {member} has is discarded."),
                .. new Rehearsal(timings).Run(seen.Imagine(timings, document)),
            ],
            [
                $"Everything that {member} has got under epoch {discard.Epoch} and the master lacks is lost for ever. "
                    + $"{DataWords.Known(line)} {DataWords.CopyFirst(member)}",
                .. OnlyCopy(seen, member),
                .. seen.Of(member).IsUsable ? [] : new[] { $"{member} is wiped when it responds, however late." },
            ],
            document
        )
        {
            Notes = [$"Wiped is what {member} has, when it follows a master. Nothing else is."],
        };
    }

    /// <summary>Without a master, what others that are out of sight have is not known.</summary>
    private static IEnumerable<string> OnlyCopy(Situation seen, string member)
    {
        var silent = seen
            .Document.Present()
            .Select(other => other.Name)
            .Where(other => other != member && !seen.Of(other).IsUsable)
            .ToArray();
        return seen.Master is not null || silent.Length == 0
            ? []
            :
            [
                $"There is no master, and {string.Join(", ", silent)} cannot be used: {member} may have the only copy "
                    + $"left. Do not do this before {string.Join(", ", silent)} responds.",
            ];
    }

    public static PlanResult Forget(Situation seen, string member)
    {
        var sight = seen.Of(member);
        if (seen.Document.Find(member) is null)
        {
            return Unknown(seen, member);
        }

        if (seen.UnderWay is { } underWay)
        {
            return new PlanResult.Refused(underWay, "Repeat the command when it has ended.");
        }

        if (seen.State.IsHeld && seen.State.LastHolder == member)
        {
            return new PlanResult.Refused($"{member} holds the lease.", "Switch to another member first.");
        }

        if (sight.IsAgentAlive || sight.Redis.IsReachable)
        {
            return new PlanResult.Refused(
                $"The {(sight.IsAgentAlive ? "agent" : "Redis")} of {member} is responding.",
                $"Stop agent and Redis of {member} first: a forgotten Redis is neither closed nor made to follow."
            );
        }

        if (
            seen.Unmerged.FirstOrDefault(line => line.Member == member) is { } unmerged
            && !seen.Document.IsDiscarded(member, unmerged.Epoch)
        )
        {
            return new PlanResult.Refused(
                $"{member} has data of epoch {unmerged.Epoch} that was not merged, and would be forgotten with it. "
                    + DataWords.Known(unmerged),
                $"Start {member}. {DataWords.CopyFirst(member)} {DataWords.Discard(member)} && "
                    + $"cluster-session failover forget {member}"
            );
        }

        var document = seen.Document;
        var left = document.Present().Count(other => other.Name != member && other.Kind == MemberKind.Candidate);
        return new PlanResult.Planned(
            [
                new PlannedStep(
                    $"It is written down that {member} no longer exists: it is not asked, not waited for, "
                        + "and never promoted."
                ),
            ],
            [
                .. MayBeNewest(seen, member),
                .. left < 2
                    ? [$"{left} candidate is left: nothing replaces a master that fails."]
                    : Array.Empty<string>(),
                .. document.Present().Count() > 2
                    ? []
                    : new[]
                    {
                        "With one member left nobody can promise to take no lease: the master closes when the "
                            + "coordination store is not responding.",
                    },
            ],
            (
                document with
                {
                    Forgotten = [.. document.Forgotten, member],
                    Ledger = [.. document.Ledger.Where(line => line.Member != member)],
                    Discards = [.. document.Discards.Where(discard => discard.Member != member)],
                    Reinits = [.. document.Reinits.Where(reinit => reinit.Member != member)],
                    Ruler = document.Ruler?.Member == member ? null : document.Ruler,
                    Change =
                        document.Change?.Target.Member == member
                        || document.Change?.LineIfNotCompleted?.Member == member
                            ? null
                            : document.Change,
                }
            ).With(seen.Event(EventKind.Forgotten, null, member))
        )
        {
            Notes = [$"What {member} has is lost with it: no other member waits for it, or gets it later."],
        };
    }

    /// <summary>
    /// Without a master, the data of one that followed may be newer than all that is left.
    /// </summary>
    private static IEnumerable<string> MayBeNewest(Situation seen, string member) =>
        seen.Master is not null || seen.Unmerged.Any(line => line.Member == member)
            ? []
            : [$"There is no master, and {member} may have newer data than all others. {DataWords.CopyFirst(member)}"];

    public static PlanResult Adopt(Situation seen, IReadOnlyList<ClusterMember> configured)
    {
        var document = seen.Document;
        if (seen.UnderWay is { } underWay)
        {
            return new PlanResult.Refused(underWay, "Repeat the command when it has ended.");
        }

        var present = document.Present().ToArray();
        if (present.FirstOrDefault(member => configured.All(other => other.Name != member.Name)) is { } left)
        {
            return new PlanResult.Refused(
                $"{left.Name} is a member of the cluster, and the settings of this agent do not name it.",
                $"Add it to the settings and restart the agent, or run \"cluster-session failover forget {left.Name}\"."
            );
        }

        if (present.SequenceEqual(configured))
        {
            return new PlanResult.Refused(
                "The cluster has the members of this agent's settings.",
                "Nothing is to be done."
            );
        }

        string[] added = [.. configured.Select(member => member.Name).Except(present.Select(member => member.Name))];
        string[] steps =
        [
            .. configured.Select(member => Adopted(document.Find(member.Name), member)).OfType<string>(),
            .. configured
                .Select(member => member.Name)
                .Except(added)
                .SequenceEqual(present.Select(member => member.Name))
                ? []
                : new[]
                {
                    $"As master are preferred, in this order: {string.Join(", ", configured.Select(m => m.Name))}.",
                },
        ];
        return new PlanResult.Planned(
            [.. steps.Select(step => new PlannedStep(step))],
            [
                "An agent with other settings neither looks at new members nor at new addresses: give all agents the "
                    + "same settings, and restart them one after the other.",
            ],
            (
                document with
                {
                    Members = [.. configured],
                    Adoptions = document.Adoptions + 1,
                    Forgotten = [.. document.Forgotten.Except(configured.Select(member => member.Name))],
                }
            ).With(seen.Event(EventKind.Adopted, null, added is [var only] ? only : null))
        );
    }

    /// <summary>What becomes of one member; null: nothing.</summary>
    private static string? Adopted(ClusterMember? known, ClusterMember member) =>
        known is null
            ? $"{member.Name} becomes a member ({KindOf(member)}), Redis {member.Redis}, agent {member.Agent}."
        : known == member ? null
        : $"{member.Name} is known by Redis {member.Redis}, agent {member.Agent}, as " + $"a {KindOf(member)}.";

    private static string KindOf(ClusterMember member) =>
        member.Kind == MemberKind.Candidate ? "candidate" : "read replica";

    public PlanResult Reinit(Situation seen, string member)
    {
        if (WhyNoReinit(seen, member) is { } refusal)
        {
            return refusal;
        }

        var document = (
            seen.Document with
            {
                Reinits = [.. seen.Document.Reinits, new MemberReinit(member, ReinitStep.Detach)],
            }
        ).With(seen.Event(EventKind.ReinitAsked, null, member));
        var others = seen
            .Document.Present()
            .Count(other =>
                other.Name != member
                && other.Name != seen.Master!.Member
                && other.Kind == MemberKind.Candidate
                && seen.Of(other.Name).IsUsable
            );
        return new PlanResult.Planned(
            [
                new PlannedStep($"It is written down that {member} is to get all data anew."),
                .. new Rehearsal(timings).Run(seen.Imagine(timings, document)),
            ],
            [
                $"{seen.Master!.Member} sends all its data to {member}, which takes memory, disk and network there.",
                .. others == 0
                    ? new[] { $"Until {member} has everything, no other candidate can replace the master." }
                    : [],
            ],
            document
        )
        {
            Notes = [$"All data of {member} is replaced. It has none that {seen.Master!.Member} is known to lack."],
        };
    }

    private static PlanResult.Refused? WhyNoReinit(Situation seen, string member)
    {
        if (seen.Document.Find(member) is null)
        {
            return Unknown(seen, member);
        }

        if (seen.UnderWay is { } underWay)
        {
            return new(underWay, "Repeat the command when it has ended.");
        }

        if (seen.Master is not { } master)
        {
            return new("No member is master, so there is no data to replace it by.", "Wait until one is.");
        }

        if (master.Member == member)
        {
            return new($"{member} is the master: its data is the cluster's.", "Switch to another member first.");
        }

        if (seen.Document.Ledger.FirstOrDefault(line => line.Member == member) is { } unmerged)
        {
            return new(
                $"{member} has data of epoch {unmerged.Epoch} that was not merged. {DataWords.Known(unmerged)}",
                "Wait: it is merged by itself, and follows then. "
                    + $"{DataWords.CopyFirst(member)} {DataWords.Discard(member)}"
            );
        }

        if (seen.Document.Reinits.Any(reinit => reinit.Member == member))
        {
            return new($"The data of {member} is being replaced already.", "Wait until it follows.");
        }

        return !seen.Of(member).IsUsable ? new($"Redis or agent of {member} is not responding.", "Start them first.")
            : seen.Of(member).Redis.Follows != new Tenure(master.RunId, master.Epoch)
                ? new($"{member} does not follow {master.Member} yet.", "Wait until its agent has decided.")
            : null;
    }
}
