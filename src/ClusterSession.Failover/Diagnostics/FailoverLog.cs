using Microsoft.Extensions.Logging;

namespace ClusterSession.Failover.Diagnostics;

/// <summary>Every event of this package; docs/operations/events.md has a line for each.</summary>
internal static partial class FailoverLog
{
    [LoggerMessage(
        9001,
        LogLevel.Information,
        "This server leads the coordination store in term {Term}. Leases that were running "
            + "run for their full ttl anew."
    )]
    public static partial void Leads(this ILogger logger, long term);

    [LoggerMessage(
        9002,
        LogLevel.Warning,
        "Server {Server} of the coordination store is responding, and has not advanced beyond entry {Index} for "
            + "{Duration}. This server resigns as leader, so that another feeds it."
    )]
    public static partial void LeaderResigns(this ILogger logger, Uri server, long index, TimeSpan duration);

    [LoggerMessage(
        9003,
        LogLevel.Warning,
        "This server of the coordination store has no data in {Directory}. It does not vote until another server has "
            + "filled it. At the first start of a site, start all servers."
    )]
    public static partial void ServerHasNoData(this ILogger logger, string directory);

    [LoggerMessage(
        9004,
        LogLevel.Information,
        "This server of the coordination store has what the others have. It votes from now on."
    )]
    public static partial void ServerVotes(this ILogger logger);

    [LoggerMessage(9005, LogLevel.Warning, "Refused a request to the coordination store from {Address}. {Reason}")]
    public static partial void RequestRefused(this ILogger logger, string address, string reason);

    [LoggerMessage(
        9006,
        LogLevel.Error,
        "This server of the coordination store failed in the background, at the task '{Task}': {Reason} "
            + "Retrying in {Delay}. See that its directory can be written, and that its disk has room."
    )]
    public static partial void BackgroundFailed(
        this ILogger logger,
        Exception failure,
        string task,
        string reason,
        TimeSpan delay
    );

    [LoggerMessage(9010, LogLevel.Information, "The Redis of {Member} is open: it is the master, under lease {Epoch}.")]
    public static partial void Opened(this ILogger logger, string member, long epoch);

    [LoggerMessage(9011, LogLevel.Information, "The Redis of {Member} is closed: it takes no writes any more.")]
    public static partial void Closed(this ILogger logger, string member);

    [LoggerMessage(
        9012,
        LogLevel.Information,
        "The Redis of {Member} follows {Master}, under lease {Epoch}, and is connected to it."
    )]
    public static partial void Follows(this ILogger logger, string member, string master, long epoch);

    [LoggerMessage(9013, LogLevel.Information, "The agent decided otherwise than before. {Reason}")]
    public static partial void DecisionChanged(this ILogger logger, string reason);

    [LoggerMessage(9014, LogLevel.Warning, "The Redis of {Member} is not responding to this agent. {Reason}")]
    public static partial void RedisUnreachable(this ILogger logger, string member, string reason);

    [LoggerMessage(9015, LogLevel.Information, "The Redis of {Member} is responding again.")]
    public static partial void RedisReachable(this ILogger logger, string member);

    [LoggerMessage(
        9016,
        LogLevel.Warning,
        "The Redis of {Member} may have data of epoch {Epoch} that the master lacks. It stays closed, and its data is "
            + "kept, until the master has that: it had it already, or it is merged, discarded or replaced."
    )]
    public static partial void DataUnmerged(this ILogger logger, string member, long epoch);

    [LoggerMessage(9017, LogLevel.Information, "The Redis of {Member} has no data any more that the master may lack.")]
    public static partial void DataSettled(this ILogger logger, string member);

    [LoggerMessage(
        9018,
        LogLevel.Error,
        "The member {Member} becomes the master under lease {Epoch} although newer data is known to exist: the Redis "
            + "that has it could not be used in time. Bring that Redis back, and do not empty it."
    )]
    public static partial void FailoverIncomplete(this ILogger logger, string member, long epoch);

    [LoggerMessage(
        9019,
        LogLevel.Warning,
        "The member {Member} was promoted {Count} times within {Window} and is not promoted again for a while. Find "
            + "out why its Redis or its agent fails."
    )]
    public static partial void Flaps(this ILogger logger, string member, int count, TimeSpan window);

    [LoggerMessage(
        9020,
        LogLevel.Error,
        "The cluster's document cannot be used, and this agent decides nothing. {Reason}"
    )]
    public static partial void DocumentUnusable(this ILogger logger, string reason);

    [LoggerMessage(
        9021,
        LogLevel.Warning,
        "The coordination store is not responding to this agent. A master goes on while all other agents promise to "
            + "take no lease; nobody is promoted."
    )]
    public static partial void StoreUnreachable(this ILogger logger);

    [LoggerMessage(9022, LogLevel.Information, "The coordination store is responding again.")]
    public static partial void StoreReachable(this ILogger logger);

    [LoggerMessage(9023, LogLevel.Information, "The operator's command {Command} came from {Address}. {Reason}")]
    public static partial void CommandCame(this ILogger logger, string command, string address, string reason);

    [LoggerMessage(
        9024,
        LogLevel.Information,
        "This agent has promised to take no lease for {Duration}, so that the master of lease {Epoch} may go on while "
            + "the coordination store is not responding."
    )]
    public static partial void PromiseGiven(this ILogger logger, TimeSpan duration, long epoch);

    [LoggerMessage(
        9025,
        LogLevel.Warning,
        "The member {Member} is the master and asks all other agents for promises, since the coordination store is not "
            + "responding. It closes if one of them gives none."
    )]
    public static partial void PromisesAsked(this ILogger logger, string member);

    [LoggerMessage(9026, LogLevel.Error, "The agent failed in a step: {Reason} Retrying in {Delay}.")]
    public static partial void AgentFailed(this ILogger logger, Exception failure, string reason, TimeSpan delay);

    [LoggerMessage(
        9027,
        LogLevel.Information,
        "What only the Redis of {Member} has is being merged into the master {Master}, under lease {Epoch}."
    )]
    public static partial void MergeBegan(this ILogger logger, string member, string master, long epoch);

    [LoggerMessage(
        9028,
        LogLevel.Information,
        "The merge of {Member} into {Master} is complete: {Scanned} sessions were compared, and {Written} records and "
            + "elements of documents were written; {Bytes} bytes were sent."
    )]
    public static partial void MergeEnded(
        this ILogger logger,
        string member,
        string master,
        long scanned,
        long written,
        long bytes
    );

    [LoggerMessage(
        9029,
        LogLevel.Warning,
        "The merge of {Member} into {Master} was interrupted or refused, and begins again. {Reason}"
    )]
    public static partial void MergeFailed(this ILogger logger, string member, string master, string reason);

    [LoggerMessage(
        9030,
        LogLevel.Warning,
        "The Redis of {Member} holds {Count} keys that are not ClusterSession's. They are not merged, and are gone "
            + "when it follows the master: give them a Redis of their own."
    )]
    public static partial void MergeForeignKeys(this ILogger logger, string member, long count);

    [LoggerMessage(
        9031,
        LogLevel.Warning,
        "The files of the Redis of {Member} could not be copied aside before it follows the master. {Reason}"
    )]
    public static partial void NotSetAside(this ILogger logger, string member, string reason);

    [LoggerMessage(
        9032,
        LogLevel.Information,
        "The master {Member} hands over to {Preferred}, which is in step and is listed before it among the members."
    )]
    public static partial void ReturnBegan(this ILogger logger, string member, string preferred);

    [LoggerMessage(
        9033,
        LogLevel.Error,
        "The file that keepalived tracks, {File}, could not be written: {Reason} This host loses the virtual "
            + "address once the file is three seconds old. Let this agent write its directory."
    )]
    public static partial void TrackFileFailed(this ILogger logger, string file, string reason);

    [LoggerMessage(9034, LogLevel.Information, "The file that keepalived tracks, {File}, is being written again.")]
    public static partial void TrackFileWritten(this ILogger logger, string file);

    [LoggerMessage(
        9035,
        LogLevel.Warning,
        "The Redis of {Member} holds {Count} records that are damaged, or that the master could not take. They are not "
            + "merged, and are gone when it follows the master: keep the copy of its files."
    )]
    public static partial void MergeLeftOut(this ILogger logger, string member, long count);
}
