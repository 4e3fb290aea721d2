using ClusterSession.Redis;

namespace ClusterSession.Cli.Sentinels;

/// <summary>What the Sentinels said of the master at one moment. Immutable.</summary>
/// <param name="IsMajority">Whether more than half of them have answered.</param>
/// <param name="Master">The master of the newest configuration; null: they know none.</param>
/// <param name="Epoch">Number of that configuration.</param>
/// <param name="IsFailingOver">
/// Whether the master is down, or is being replaced, or replicas are still led over to it.
/// </param>
/// <param name="HasReplica">Whether another Redis than that of this host follows.</param>
/// <param name="Away">
/// How long the Redis of this host has not answered them, by their clocks; zero: they do not know.
/// </param>
/// <param name="Trouble">Why one of them has not answered; empty: all have.</param>
internal sealed record MasterSight(
    bool IsMajority,
    RedisEndpoint? Master,
    long Epoch,
    bool IsFailingOver,
    bool HasReplica,
    TimeSpan Away,
    string Trouble
);
