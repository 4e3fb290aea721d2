using Microsoft.Extensions.Logging;

namespace ClusterSession.Failover.Diagnostics;

/// <summary>
/// Every event of the watcher of a Sentinel site, which the command line runs;
/// docs/operations/events.md has a line for each.
/// </summary>
internal static partial class SentinelLog
{
    [LoggerMessage(
        9040,
        LogLevel.Information,
        "A majority of the Sentinels names {Master} as the master, in configuration {Epoch}."
    )]
    public static partial void MasterNamed(this ILogger logger, string master, long epoch);

    [LoggerMessage(9041, LogLevel.Warning, "No majority of the Sentinels names one master. {Reason}")]
    public static partial void MajorityLost(this ILogger logger, string reason);

    [LoggerMessage(9042, LogLevel.Warning, "The Sentinel {Sentinel} is not responding. {Reason}")]
    public static partial void SentinelLost(this ILogger logger, string sentinel, string reason);

    [LoggerMessage(9043, LogLevel.Information, "The Sentinel {Sentinel} responds again.")]
    public static partial void SentinelFound(this ILogger logger, string sentinel);

    [LoggerMessage(
        9044,
        LogLevel.Warning,
        "The Sentinel {Sentinel} names {Master} (configuration {Epoch}), and a majority of the Sentinels {Common} "
            + "(configuration {CommonEpoch})."
    )]
    public static partial void SentinelDiffers(
        this ILogger logger,
        string sentinel,
        string master,
        long epoch,
        string common,
        long commonEpoch
    );

    [LoggerMessage(
        9045,
        LogLevel.Critical,
        "Two masters: {Other} says that it is one, and the Sentinels name {Master}. What {Other} takes is lost when it "
            + "is demoted."
    )]
    public static partial void SecondMaster(this ILogger logger, string other, string master);

    [LoggerMessage(9046, LogLevel.Information, "No second master any more: {Other} says that it is a replica.")]
    public static partial void SecondMasterEnded(this ILogger logger, string other);

    [LoggerMessage(9047, LogLevel.Warning, "The replica {Replica} does not follow the master: it {Reason}.")]
    public static partial void ReplicaLost(this ILogger logger, string replica, string reason);

    [LoggerMessage(9048, LogLevel.Information, "The replica {Replica} follows the master.")]
    public static partial void ReplicaFound(this ILogger logger, string replica);

    [LoggerMessage(9049, LogLevel.Warning, "The Sentinels hold the master {Master} for down, or replace it.")]
    public static partial void MasterDoubted(this ILogger logger, string master);

    [LoggerMessage(
        9050,
        LogLevel.Warning,
        "The master {Master}, which the Sentinels name, cannot be used: it {Reason}."
    )]
    public static partial void MasterUnusable(this ILogger logger, string master, string reason);

    [LoggerMessage(9051, LogLevel.Information, "The master {Master} responds, and says that it is one.")]
    public static partial void MasterUsable(this ILogger logger, string master);

    [LoggerMessage(9052, LogLevel.Error, "The watcher failed in a look: {Reason} Retrying in {Delay}.")]
    public static partial void WatchFailed(this ILogger logger, Exception failure, string reason, TimeSpan delay);

    [LoggerMessage(
        9053,
        LogLevel.Warning,
        "The Sentinels name the Redis of this host {Redis}, and RedisAddress names it otherwise. /primary and /replica "
            + "are 503 until it is corrected."
    )]
    public static partial void AddressDiffers(this ILogger logger, string redis);
}
