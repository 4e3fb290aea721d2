using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;

namespace ClusterSession.Failover.Operating;

/// <summary>Plans of what follows a lost coordination store.</summary>
/// <param name="timings">Durations and limits, alike on all agents of a cluster.</param>
internal sealed class EpochPlans(FailoverTimings timings)
{
    /// <summary>
    /// How far the new epochs begin above the data in sight. Grants that were not seen, and
    /// application nodes that have seen them, stay below.
    /// </summary>
    private const long EpochGap = 1000;

    public PlanResult Raise(Situation seen)
    {
        if (seen.Master is { } master)
        {
            return new PlanResult.Refused(
                $"{master.Member} is the master under epoch {master.Epoch}: the coordination store was not lost.",
                "Nothing is to be done."
            );
        }

        if (LostStore.LaterData(seen.State.Epoch, seen.Document.Present(), seen.Of) is not { } highest)
        {
            return new PlanResult.Refused(
                $"No data in sight is of a later epoch than {seen.State.Epoch + 1}, which is granted next.",
                "Where a member is not responding, start it before. Else nothing is to be done."
            );
        }

        var raise = highest + EpochGap - seen.State.Epoch;
        var document = (seen.Document with { EpochBase = seen.Document.EpochBase + raise }).With(
            seen.Event(EventKind.EpochRaised, null, null)
        );
        var raised = seen with { State = seen.State with { Epoch = seen.State.Epoch + raise } };
        return new PlanResult.Planned(
            [
                new PlannedStep(
                    $"It is written down that epochs go on from {raised.State.Epoch + 1}, above {highest}, the "
                        + "latest of the data in sight."
                ),
                .. new Rehearsal(timings).Run(raised.Imagine(timings, document)),
            ],
            [
                "What the lost store knew besides is gone: which members have data that was not merged, which data was "
                    + "discarded, maintenance. The newest data in sight becomes the cluster's.",
                .. seen
                    .Document.Present()
                    .Select(member => member.Name)
                    .Where(member => !seen.Of(member).IsUsable)
                    .Select(member =>
                        $"{member} cannot be used. If its data is newer, it is missing from the cluster until {member} "
                        + "returns and is merged. Start it before."
                    ),
            ],
            document
        )
        {
            Notes = [DataWords.NothingIsWiped],
        };
    }
}
