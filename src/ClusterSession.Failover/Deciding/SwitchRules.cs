using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;
using ClusterSession.Redis.Connection.Fencing;

namespace ClusterSession.Failover.Deciding;

/// <summary>
/// How a master hands over: it waits until the next one is ready, closes, and releases the lease.
/// </summary>
/// <param name="timings">Durations and limits, alike on all agents of a cluster.</param>
internal sealed class SwitchRules(FailoverTimings timings)
{
    /// <summary>The next step of the master; null: it rules on meanwhile.</summary>
    public Decision? Decide(ClusterView view, SwitchRequest request, long epoch)
    {
        var own = view.Own;
        if (request.From != new RedisProcess(view.Self, own.RunId) || request.Epoch != epoch)
        {
            return Retract(view, request, "Another lease was taken since.");
        }

        var why = WhyNot(view, request);
        if (request.Step == SwitchStep.Wait)
        {
            // The next master must look often by the time the lease is free, and does so once it
            // has seen the request: hence the wait of two intervals.
            var isOpen = own is { HasOwnRecord: true, AdmitsClients: true };
            return why is not null && view.SwitchFor >= timings.SwitchWait ? Retract(view, request, why)
                : why is null && view.SwitchFor >= 2 * timings.Interval && isOpen
                    ? new Decision.Write(view.Document with { Switch = request with { Step = SwitchStep.Close } })
                : null;
        }

        var isFullyClosed = own is { HasOwnRecord: false, AdmitsClients: false };
        // A switch that names nobody goes on in the end where nobody has everything in time: before
        // its target opens, it follows this Redis until it has the rest.
        var hasWaited = request.To is null && view.UnchangedFor >= timings.CloseWait;
        if (
            isFullyClosed
            && why is null
            && view.OpenLeft <= TimeSpan.Zero
            && (hasWaited || IsEverythingThere(view, request))
        )
        {
            return new Decision.Release(
                view.Document with
                {
                    Ruler = null,
                    Switch = request with
                    {
                        Step = SwitchStep.HandOver,
                        Closed = new HistoryPoint(own.HistoryId, own.Offset),
                    },
                }
            );
        }

        return view.UnchangedFor >= timings.CloseWait
                ? Retract(view, request, why ?? "The next master did not get everything in time.")
            : isFullyClosed ? new Decision.Nothing(Reason.HandingOver)
            : new Decision.Command(new RedisAction.Close());
    }

    /// <summary>Why the switch cannot begin; null: it can.</summary>
    public string? WhyNot(ClusterView view, SwitchRequest request)
    {
        if (request.To is { } to)
        {
            return WhyNot(view, request, to);
        }

        var master = view.Of(request.From!.Member).Redis;
        return OthersElectable(view, request.From.Member)
            .Any(member =>
                view.Of(member).Redis is var redis
                && (view.Document.IsDiscarded(member, redis.DataEpoch) || timings.IsContained(redis, master))
            )
            ? null
            : "No other candidate with its agent is responding and has the master's history.";
    }

    private string? WhyNot(ClusterView view, SwitchRequest request, string to)
    {
        var (from, sight) = (request.From!, view.Of(to));
        var (master, redis) = (view.Of(from.Member).Redis, sight.Redis);
        return view.Document.Find(to) is not { } member ? $"{to} is not a member."
            : member.Kind != MemberKind.Candidate ? $"{to} is a read replica, which never becomes master."
            : !redis.IsReachable ? $"The Redis of {to} is not responding."
            : !sight.IsAgentAlive ? $"The agent of {to} is not responding."
            : redis.IsMaster || redis.Follows != new Tenure(from.RunId, request.Epoch)
                ? $"{to} does not follow {from.Member}."
            : !redis.IsLinkUp || redis.HistoryId != master.HistoryId
                ? $"The replication link of {to} to {from.Member} is down."
            : master.Offset - redis.Offset > timings.SwitchLag
                ? $"{to} is {master.Offset - redis.Offset} bytes behind {from.Member}; a switch begins at "
                    + $"{timings.SwitchLag} or less."
            : null;
    }

    /// <summary>
    /// Whether the next master has everything; where none is named, any candidate: this Redis may
    /// be lost as soon as the lease is free. One that gets nothing from it is not waited for.
    /// </summary>
    private bool IsEverythingThere(ClusterView view, SwitchRequest request)
    {
        if (request.To is { } to)
        {
            return view.Of(to).Redis.Offset >= view.Own.Offset;
        }

        var tenure = new Tenure(view.Own.RunId, request.Epoch);
        var receiving = OthersElectable(view, view.Self)
            .Select(member => view.Of(member).Redis)
            .Where(redis => redis.IsLinkUp && redis.Follows == tenure)
            .ToArray();
        return receiving.Length == 0 || receiving.Any(redis => timings.IsContained(view.Own, redis));
    }

    private IEnumerable<string> OthersElectable(ClusterView view, string than) =>
        view
            .Document.Present()
            .Where(member =>
                member.Name != than
                && view.Of(member.Name).IsUsable
                && ElectionRules.MayBeElected(timings, view, member)
            )
            .Select(member => member.Name);

    private static Decision.Write Retract(ClusterView view, SwitchRequest request, string why) =>
        new(
            (view.Document with { Switch = null }).With(
                new ClusterEvent(
                    view.Now,
                    view.State?.Epoch ?? 0,
                    EventKind.Retracted,
                    request.From?.Member,
                    request.To
                )
                {
                    Why = why,
                }
            )
        );
}
