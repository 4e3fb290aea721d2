using ClusterSession.Failover.Sights;

namespace ClusterSession.Failover.Agents;

/// <summary>Looks at one Redis.</summary>
internal interface IRedisProbe
{
    /// <summary>
    /// Why the last look has seen nothing, as its error says; null: it has seen the Redis, or
    /// nothing is known.
    /// </summary>
    string? Trouble => null;

    /// <summary>
    /// Asks it for all that <see cref="RedisSight"/> says. A Redis that does not answer is a
    /// result.
    /// </summary>
    ValueTask<RedisSight> LookAsync(CancellationToken cancellation);
}
