using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;

namespace ClusterSession.Failover.Operating;

/// <summary>
/// What a command would do. Pure: the plan is done by writing its document under the version that
/// was planned on, and by nothing else; the agents do the rest.
/// </summary>
/// <param name="timings">Durations and limits, alike on all agents of a cluster.</param>
internal sealed class CommandPlanner(FailoverTimings timings)
{
    private readonly MasterChangePlans _masterChanges = new(timings);
    private readonly MemberPlans _members = new(timings);
    private readonly EpochPlans _epochs = new(timings);

    /// <summary>A plan, or a refusal.</summary>
    /// <param name="command">The command.</param>
    /// <param name="document">The document of <paramref name="state"/>.</param>
    /// <param name="state">Lease and version.</param>
    /// <param name="sights">What is seen of each member, the agent's own included.</param>
    /// <param name="now">The time of day.</param>
    public PlanResult Plan(
        OperatorCommand command,
        ClusterDocument document,
        CoordinationState state,
        IReadOnlyDictionary<string, MemberSight> sights,
        DateTimeOffset now
    )
    {
        var seen = new Situation(document, state, sights, now);
        if (state.Version == 0)
        {
            return new PlanResult.Refused(
                "The coordination store has no record of this cluster yet.",
                "Wait until an agent has reached the coordination store, and repeat the command."
            );
        }

        return command switch
        {
            OperatorCommand.MaintenanceOff => MaintenanceOff(seen),
            _ when document.Maintenance => new PlanResult.Refused(
                "The cluster is in maintenance, in which nothing is decided.",
                "Run \"cluster-session failover maintenance off\" before."
            ),
            OperatorCommand.MaintenanceOn => MaintenanceOn(seen),
            OperatorCommand.SwitchTo to => _masterChanges.Switch(seen, to.Member),
            OperatorCommand.Failover failover => _masterChanges.Failover(seen, failover.Discards),
            OperatorCommand.Forget forget => MemberPlans.Forget(seen, forget.Member),
            OperatorCommand.Adopt adopt => MemberPlans.Adopt(seen, adopt.Members),
            OperatorCommand.Discard discard => _members.Discard(seen, discard.Member),
            OperatorCommand.RaiseEpoch => _epochs.Raise(seen),
            OperatorCommand.Reinit reinit => _members.Reinit(seen, reinit.Member),
            _ => throw new ArgumentOutOfRangeException(nameof(command)),
        };
    }

    private static PlanResult MaintenanceOn(Situation seen)
    {
        if (seen.UnderWay is { } underWay && seen.Document.Switch is null or { Step: not SwitchStep.Wait })
        {
            return new PlanResult.Refused(
                underWay + " Stopped in the midst of it, the cluster might have no master.",
                "Repeat the command when \"cluster-session failover status\" shows a master and no change."
            );
        }

        var warnings = new List<string> { "Until maintenance is off, no member replaces a master that fails." };
        if (seen.Master is null)
        {
            warnings.Add("No member is master now, and none becomes master until maintenance is off.");
        }

        if (seen.Document.Switch is { } request)
        {
            warnings.Add(
                $"The switch to {request.To ?? "the most advanced candidate"}, which has not begun, is retracted."
            );
        }

        return new PlanResult.Planned(
            [
                new PlannedStep("It is written down that maintenance is on: no agent promotes, closes or follows."),
                .. seen.Master is { } master
                    ?
                    [
                        new PlannedStep(
                            $"{master.Member} stays master: its agent renews the lease of epoch {master.Epoch} on."
                        ),
                    ]
                    : Array.Empty<PlannedStep>(),
            ],
            warnings,
            (seen.Document with { Maintenance = true, Switch = null }).With(
                seen.Event(EventKind.MaintenanceOn, null, null)
            )
        );
    }

    private PlanResult MaintenanceOff(Situation seen)
    {
        if (!seen.Document.Maintenance)
        {
            return new PlanResult.Refused("The cluster is not in maintenance.", "Nothing is to be done.");
        }

        var document = (seen.Document with { Maintenance = false }).With(
            seen.Event(EventKind.MaintenanceOff, null, null)
        );
        var imagined = seen.Imagine(timings, document);
        var steps = new Rehearsal(timings).Run(imagined);
        return new PlanResult.Planned(
            [new PlannedStep("It is written down that maintenance is off: the agents decide again."), .. steps],
            !imagined.IsRuled
                ? ["By what is seen now no member can become master.", .. seen.Warnings()]
                : [.. Losses(seen, imagined.Document.Ruler!.Member), .. seen.Warnings()],
            document
        )
        {
            Notes = [DataWords.NothingIsWiped],
        };
    }

    /// <summary>
    /// What the next master lacks, or may lack: newer data of others than it is known to have.
    /// </summary>
    private IEnumerable<string> Losses(Situation seen, string next)
    {
        var has = seen.Of(next).Redis;
        foreach (var line in LedgerRules.Lines(seen.Document, seen.Now, except: null))
        {
            var redis = seen.Of(line.Member).Redis;
            if (
                line.Member == next
                || line.Epoch < has.DataEpoch
                || seen.Document.Find(line.Member) is null
                || seen.Document.IsDiscarded(line.Member, line.Epoch)
                || (redis.IsReachable && timings.IsContained(redis, has))
            )
            {
                continue;
            }

            var isAway = !redis.IsReachable && line.RunId == seen.Document.Ruler?.RunId;
            yield return $"{line.Member} has data of epoch {line.Epoch} that nobody else is known to have: what it had "
                + $"not sent to {next} is missing there, and how much that is, is unknown. "
                + (
                    isAway
                        ? "If the process of its Redis still runs, make it reachable before: it then goes on as "
                            + "master. "
                        : ""
                )
                + DataWords.StaysClosed(line.Member);
        }
    }
}
