using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;

namespace ClusterSession.Failover.Agents;

/// <summary>
/// Remembers how far each Redis had come when it answered last, so that it can be told how much is
/// missing while one is away. An agent that was restarted meanwhile does not know it.
/// </summary>
internal sealed class LastPositions(TimeProvider time)
{
    private readonly Dictionary<string, LastPosition> _positions = [];

    /// <summary>The sight, with the last position of a Redis that does not answer.</summary>
    public MemberSight Remembered(string name, MemberSight sight)
    {
        if (!sight.Redis.IsReachable)
        {
            return sight with { LastPosition = _positions.GetValueOrDefault(name) };
        }

        _positions[name] = new LastPosition(
            time.GetUtcNow(),
            new HistoryPoint(sight.Redis.HistoryId, sight.Redis.Offset)
        );
        return sight;
    }
}
