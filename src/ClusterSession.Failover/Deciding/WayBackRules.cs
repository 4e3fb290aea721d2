using ClusterSession.Failover.Documents;

namespace ClusterSession.Failover.Deciding;

/// <summary>
/// The way back: the master hands over to a member that the document lists before it.
/// </summary>
/// <remarks>
/// Once within a flapping window, whatever came of it: a member that fails again and again does not
/// take the cluster to and fro with it. Not from a master that an operator chose.
/// </remarks>
/// <param name="timings">Durations and limits, alike on all agents of a cluster.</param>
internal sealed class WayBackRules(FailoverTimings timings)
{
    private readonly SwitchRules _switch = new(timings);

    /// <summary>The document with the request; null: there is no reason for one.</summary>
    public ClusterDocument? Request(ClusterView view, long epoch)
    {
        var document = view.Document;
        if (
            timings.ReturnAfter is not { } after
            || document.Ruler is not { IsChosen: false }
            || document is not { Maintenance: false, Change: null, Switch: null }
            || document is not { Ledger: [], Reinits: [], Discards: [] }
            || view.Now - document.ReturnAskedAt < timings.FlappingWindow
        )
        {
            return null;
        }

        var from = new RedisProcess(view.Self, view.Own.RunId);
        var request = document
            .Present()
            .TakeWhile(member => member.Name != view.Self)
            .Where(member =>
                ElectionRules.MayBeElected(timings, view, member)
                && !timings.IsBarred(document, member.Name, view.Now)
                && view.Of(member.Name) is { IsUsable: true, Redis.RefusesWrites: false } sight
                && sight.InStepFor >= after
            )
            .Select(member => new SwitchRequest(from, member.Name, epoch, view.Now, SwitchStep.Wait)
            {
                IsReturn = true,
            })
            .FirstOrDefault(request => _switch.WhyNot(view, request) is null);
        return request is null
            ? null
            : (document with { Switch = request, ReturnAskedAt = view.Now }).With(
                new ClusterEvent(view.Now, epoch, EventKind.ReturnAsked, view.Self, request.To)
            );
    }
}
