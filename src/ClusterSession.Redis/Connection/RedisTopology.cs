namespace ClusterSession.Redis.Connection;

/// <summary>Chooses the topology that the options ask for.</summary>
internal static class RedisTopology
{
    /// <summary>A topology that has not begun to connect.</summary>
    /// <param name="options">Where to connect; a copy is taken.</param>
    /// <param name="time">Clock of all deadlines.</param>
    /// <param name="random">Used by the topology's own loops only.</param>
    /// <param name="pushHandler">Takes invalidations; null: reads are not tracked.</param>
    /// <param name="observer">Hears of connections made and lost.</param>
    /// <exception cref="NotSupportedException">The options ask for a topology that is not there yet.</exception>
    /// <exception cref="ArgumentException">The options cannot be used; says why.</exception>
    public static IRedisTopology Create(
        RedisOptions options, TimeProvider time, Random random, IRedisPushHandler? pushHandler, IRedisTopologyObserver? observer)
    {
        if (options.Validate() is { Count: > 0 } errors)
            throw new ArgumentException(string.Join(' ', errors), nameof(options));
        // Taking the sentinels for servers would look like an outage; better to say so at the start.
        if (options.ServiceName is { } service)
            throw new NotSupportedException($"ServiceName is '{service}', which means Sentinel: that is not supported yet. Name the servers themselves.");
        return new StandaloneTopology(options, time, random, pushHandler, observer);
    }
}
