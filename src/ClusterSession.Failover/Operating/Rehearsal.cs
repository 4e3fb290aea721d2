using ClusterSession.Failover.Deciding;

namespace ClusterSession.Failover.Operating;

/// <summary>
/// Runs the decider of every agent over an imagined cluster until nothing is left to be done, so
/// that a plan says what the agents will do, and not what somebody believes that they do.
/// </summary>
/// <param name="timings">Durations and limits, alike on all agents of a cluster.</param>
internal sealed class Rehearsal(FailoverTimings timings)
{
    private const int MaxSteps = 200;
    private readonly FailoverDecider _decider = new(timings);

    /// <summary>What will happen. The cluster is afterwards as it will be.</summary>
    public IReadOnlyList<PlannedStep> Run(ImaginedCluster cluster)
    {
        var steps = new List<PlannedStep>();
        var longest = timings.SwitchWait + timings.NewerDataWait + timings.Ttl + timings.StepWait;
        while (steps.Count < MaxSteps)
        {
            if (Next(cluster) is { Length: > 0 } next)
            {
                steps.AddRange(next);
            }
            else if (cluster.IsRuled || cluster.Document.Maintenance || cluster.Time >= longest)
            {
                break;
            }
            else
            {
                cluster.Pass(timings.Interval / 2);
            }
        }

        return steps;
    }

    private PlannedStep[] Next(ImaginedCluster cluster)
    {
        foreach (var member in cluster.Document.Present().Select(member => member.Name))
        {
            var view = cluster.ViewOf(member);
            if (!view.Of(member).IsAgentAlive)
            {
                continue;
            }

            var decision = _decider.Decide(view);
            if (cluster.Do(member, decision))
            {
                var step = new PlannedStep(PlanSentences.Of(view, decision), member, decision);
                return PlanSentences.Before(view, decision) is { } before
                    ? [new PlannedStep(before, member), step]
                    : [step];
            }
        }

        return [];
    }
}
