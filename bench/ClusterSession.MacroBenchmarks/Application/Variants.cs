namespace ClusterSession.MacroBenchmarks.Application;

/// <summary>The names of what the application can be started with.</summary>
internal static class Variants
{
    public const string None = "none";
    public const string AddSessionMemory = "addsession-memory";
    public const string AddSessionRedis = "addsession-redis";
    public const string ClusterSessionMemory = "clustersession-memory";
    public const string ClusterSessionRedis = "clustersession-redis";
    public const string ClusterSessionRedisLocal = "clustersession-redis-local";

    public static readonly IReadOnlyList<string> All =
        [None, AddSessionMemory, AddSessionRedis, ClusterSessionMemory, ClusterSessionRedis, ClusterSessionRedisLocal];
}
