namespace ClusterSession.Cli.Watching;

/// <summary>A Sentinel site, as it was seen at one moment. Immutable.</summary>
/// <param name="Service">Name of the master, as the Sentinels have it.</param>
/// <param name="At">When, by the time of day of who looked.</param>
/// <param name="Sentinels">All that the connection string names.</param>
/// <param name="Redis">All that a Sentinel names, and the Redis of this host where the settings
/// name it, in the order of their addresses.</param>
internal sealed record SiteSight(
    string Service,
    DateTimeOffset At,
    IReadOnlyList<SentinelState> Sentinels,
    IReadOnlyList<ServerState> Redis
)
{
    /// <summary>
    /// How the Sentinels name the Redis of this host, where RedisAddress names it otherwise; it is
    /// in <see cref="Redis"/> by that name alone then. Null: they name it alike, or none is here.
    /// </summary>
    public string? OwnName { get; init; }
}
