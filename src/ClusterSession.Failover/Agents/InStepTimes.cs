using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;
using ClusterSession.Redis.Connection.Fencing;

namespace ClusterSession.Failover.Agents;

/// <summary>Counts how long each member has been in step with the master, or out of it.</summary>
/// <param name="timings">Durations and limits, alike on all agents of a cluster.</param>
/// <param name="clock">This host's clock for leases: <c>IFailoverCoordinator.Clock</c>.</param>
internal sealed class InStepTimes(FailoverTimings timings, TimeProvider clock)
{
    private readonly long _startedAt = clock.GetTimestamp();
    private readonly Dictionary<string, (bool IsIn, long Since)> _steps = [];

    /// <summary>The sights with what was counted.</summary>
    public IReadOnlyDictionary<string, MemberSight> Counted(Ruler? ruler, Dictionary<string, MemberSight> sights)
    {
        var master = ruler is null ? null : sights.GetValueOrDefault(ruler.Member)?.Redis;
        return sights.ToDictionary(sight => sight.Key, sight => Counted(sight.Key, sight.Value, ruler, master));
    }

    private MemberSight Counted(string name, MemberSight sight, Ruler? ruler, RedisSight? master)
    {
        var isIn =
            ruler is not null
            && master is { IsReachable: true }
            && master.RunId == ruler.RunId
            && sight.Redis is { IsReachable: true, IsMaster: false, IsLinkUp: true } redis
            && redis.Follows == new Tenure(ruler.RunId, ruler.Epoch)
            && redis.HistoryId == master.HistoryId
            && master.Offset - redis.Offset <= timings.SwitchLag;
        if (!_steps.TryGetValue(name, out var step))
        {
            step = (false, _startedAt);
        }

        if (step.IsIn != isIn)
        {
            step = (isIn, clock.GetTimestamp());
        }

        _steps[name] = step;
        var counted = clock.GetElapsedTime(step.Since);
        return sight with { InStepFor = isIn ? counted : TimeSpan.Zero, OutOfStepFor = isIn ? TimeSpan.Zero : counted };
    }
}
