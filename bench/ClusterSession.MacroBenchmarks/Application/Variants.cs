namespace ClusterSession.MacroBenchmarks.Application;

/// <summary>The names of what the application can be started with.</summary>
internal static class Variants
{
    public const string None = "none";
    public const string AddSessionMemory = "addsession-memory";
    public const string AddSessionRedis = "addsession-redis";
    public const string AddSessionRedisOurClient = "addsession-redis-our-client";
    public const string AddSessionFusionCache = "addsession-fusioncache";
    public const string ClusterSessionMemory = "clustersession-memory";
    public const string ClusterSessionRedis = "clustersession-redis";
    public const string ClusterSessionRedisLocal = "clustersession-redis-local";

    /// <summary>
    /// In the order in which they are measured: those that the aims compare are neighbours, because
    /// the machine's speed drifts.
    /// </summary>
    public static readonly IReadOnlyList<string> All =
    [
        None,
        ClusterSessionRedis,
        ClusterSessionRedisLocal,
        AddSessionMemory,
        AddSessionRedis,
        AddSessionRedisOurClient,
        AddSessionFusionCache,
        ClusterSessionMemory,
    ];

    public static bool UsesRedis(string variant) => variant is not (None or AddSessionMemory or ClusterSessionMemory);

    public static bool IsAddSession(string variant) => variant.StartsWith("addsession", StringComparison.Ordinal);
}
