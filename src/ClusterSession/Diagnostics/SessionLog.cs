using ClusterSession.Stores;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Diagnostics;

/// <summary>
/// Every message of the core about sessions and their store: what happened, what the node does now,
/// what to do. None carries an id, a token, a key or a value. Those with a count are
/// written through a <see cref="LogRate"/>.
/// </summary>
internal static partial class SessionLog
{
    private const string Rate = "{Count}"; // A sentence of its own, where it happened more than once.

    [LoggerMessage(
        EventIds.CookieRefused,
        LogLevel.Information,
        "Refused a session cookie: it was {Reason}. The request continues without a session." + Rate
    )]
    public static partial void CookieRefused(this ILogger logger, string reason, LogCount count);

    [LoggerMessage(
        EventIds.SeveralCookies,
        LogLevel.Warning,
        "A request brought several valid cookies named {Cookie}: its browser holds them for different Domains or "
            + "Paths. The session of the user who is logged in is used, else the first that lives. Give "
            + "ClusterSession:Cookie a name of its own, and keep its Domain and Path as they are. Further requests "
            + "like this are not logged."
    )]
    public static partial void SeveralCookies(this ILogger logger, string cookie);

    [LoggerMessage(
        EventIds.CommittedAfterHeaders,
        LogLevel.Warning,
        "A session was changed after the response headers had left. The change is committed, but the client's "
            + "cookie does not name it. "
            + "Change sessions before the response starts."
            + Rate
    )]
    public static partial void CommittedAfterHeaders(this ILogger logger, LogCount count);

    [LoggerMessage(
        EventIds.CommitFailed,
        LogLevel.Error,
        "Could not commit a session: {Cause}. The response is a 503, or what the application makes of its exception "
            + "where the request threw one, and says so with the header Session-Commit. {Remedy}"
            + Rate
    )]
    public static partial void CommitFailed(this ILogger logger, string cause, string remedy, LogCount count);

    [LoggerMessage(
        EventIds.CommitAfterHeadersFailed,
        LogLevel.Error,
        "The store did not confirm the commit of a session ({Failure}) after the response headers had left. The "
            + "client has an answer that says nothing of it. "
            + "Change sessions before the response starts, and check the store."
            + Rate
    )]
    public static partial void CommitAfterHeadersFailed(this ILogger logger, StoreFailure failure, LogCount count);

    [LoggerMessage(
        EventIds.OpenFailed,
        LogLevel.Error,
        "Could not open a session: {Cause}, and this node has no copy of it. The request is handled as "
            + "ClusterSession:OnStoreUnavailable says ({Policy}). {Remedy}"
            + Rate
    )]
    public static partial void OpenFailed(
        this ILogger logger,
        string cause,
        SessionOutagePolicy policy,
        string remedy,
        LogCount count
    );

    [LoggerMessage(
        EventIds.SessionRegressed,
        LogLevel.Error,
        "A session lacks a commit that its client has seen acknowledged: the store lost it, and this node has no "
            + "copy of it. The session is served without it."
            + Rate
    )]
    public static partial void SessionRegressed(this ILogger logger, LogCount count);

    [LoggerMessage(
        EventIds.SessionServedInPart,
        LogLevel.Warning,
        "A session is served without concurrent commits of other nodes, because the store is not responding "
            + "({Failure}). Its client may have seen more. Check the store."
            + Rate
    )]
    public static partial void SessionServedInPart(this ILogger logger, StoreFailure failure, LogCount count);

    [LoggerMessage(
        EventIds.SessionEndedMeanwhile,
        LogLevel.Information,
        "A session was destroyed by another request while this one changed it. The change is dropped."
    )]
    public static partial void SessionEndedMeanwhile(this ILogger logger);

    [LoggerMessage(
        EventIds.SessionEndedWithPrincipal,
        LogLevel.Information,
        "A session was destroyed because all sessions of its principal were."
    )]
    public static partial void SessionEndedWithPrincipal(this ILogger logger);

    public static void PrincipalEnded(this ILogger logger, bool isStored) =>
        logger.PrincipalEnded(
            isStored ? "has stored that" : "has not stored that yet, and this node sends it until it does"
        );

    [LoggerMessage(
        EventIds.PrincipalEnded,
        LogLevel.Information,
        "All sessions of a principal were destroyed on this node. The store {State}."
    )]
    private static partial void PrincipalEnded(this ILogger logger, string state);

    [LoggerMessage(
        EventIds.RevocationsMalformed,
        LogLevel.Critical,
        "The stored document of principals whose sessions were destroyed has elements that this release cannot read. "
            + "It stays as it is, and nothing is added to it. Update this node."
            + Rate
    )]
    public static partial void RevocationsMalformed(this ILogger logger, LogCount count);

    [LoggerMessage(
        EventIds.RevocationsLost,
        LogLevel.Warning,
        "The store had lost the document of principals whose sessions were destroyed. This node stores what it knows "
            + "of {Principals} principals again. Check that the store evicts nothing, and who deletes its keys."
    )]
    public static partial void RevocationsLost(this ILogger logger, int principals);

    [LoggerMessage(
        EventIds.EndAllUnheard,
        LogLevel.Warning,
        "No node that serves requests received EndAllAsync: none has sessions under the application name "
            + "'{ApplicationName}' with the key prefix '{KeyPrefix}'. If another process serves them, set "
            + "ClusterSession:ApplicationName to the same name in both."
    )]
    public static partial void EndAllUnheard(this ILogger logger, string? applicationName, string? keyPrefix);

    [LoggerMessage(
        EventIds.StoreLostSession,
        LogLevel.Warning,
        "The store had lost a session. It was restored from this node's copy. Check the store's persistence." + Rate
    )]
    public static partial void StoreLostSession(this ILogger logger, LogCount count);

    [LoggerMessage(
        EventIds.StoreLostCommit,
        LogLevel.Warning,
        "The store had lost commits of a session. They were restored from this node's copy. Check the store's "
            + "persistence and replication."
            + Rate
    )]
    public static partial void StoreLostCommit(this ILogger logger, LogCount count);

    [LoggerMessage(
        EventIds.TouchesFailed,
        LogLevel.Warning,
        "Could not prolong {Sessions} sessions in the store, because it is not responding. Retrying while they are "
            + "in use."
            + Rate
    )]
    public static partial void TouchesFailed(this ILogger logger, int sessions, LogCount count);

    [LoggerMessage(
        EventIds.KeyCollision,
        LogLevel.Critical,
        "A new session's id was taken already. Another id was drawn. With a working random number generator this "
            + "does not happen: check that of this machine."
    )]
    public static partial void KeyCollision(this ILogger logger);

    [LoggerMessage(
        EventIds.ReplicasShort,
        LogLevel.Warning,
        "A commit reached {Reached} of {Wanted} replicas in time. It counts as Primary. Check the replicas." + Rate
    )]
    public static partial void ReplicasShort(this ILogger logger, int reached, int wanted, LogCount count);

    [LoggerMessage(
        EventIds.StoreUnanswering,
        LogLevel.Error,
        "The session store '{Store}' is not responding. Sessions with a local copy keep working, and their commits "
            + "are kept here; requests for others are handled as "
            + "ClusterSession:OnStoreUnavailable says. Check the store, and do not restart this node."
    )]
    public static partial void StoreUnanswering(this ILogger logger, string store);

    [LoggerMessage(
        EventIds.StoreAnswering,
        LogLevel.Warning,
        "The session store '{Store}' is responding again. Sending what was kept here."
    )]
    public static partial void StoreAnswering(this ILogger logger, string store);

    [LoggerMessage(
        EventIds.CommitJournalled,
        LogLevel.Debug,
        "The store did not confirm a commit ({Failure}). It is kept here until the store has it."
    )]
    public static partial void CommitJournalled(this ILogger logger, StoreFailure failure);

    [LoggerMessage(
        EventIds.JournalFull,
        LogLevel.Error,
        "The journal of commits that the store does not have is full ({Sessions} sessions, {Bytes} bytes). Further "
            + "commits are answered with 503. Check the store, or raise "
            + "ClusterSession:Outage:JournalSessions and ClusterSession:Outage:JournalBytes."
            + Rate
    )]
    public static partial void JournalFull(this ILogger logger, int sessions, long bytes, LogCount count);

    [LoggerMessage(
        EventIds.JournalSent,
        LogLevel.Information,
        "The commits of {Sessions} sessions that were kept here are in the store."
    )]
    public static partial void JournalSent(this ILogger logger, int sessions);

    [LoggerMessage(
        EventIds.JournalNotDrained,
        LogLevel.Critical,
        "This node shuts down with commits of {Sessions} sessions that the store does not have. They are lost, and "
            + "the exit code is 69. Stop nodes only while the store is responding."
    )]
    public static partial void JournalNotDrained(this ILogger logger, int sessions);

    [LoggerMessage(
        EventIds.JournalRefused,
        LogLevel.Error,
        "This node shuts down with commits of {Sessions} sessions that the store refuses because their own records are "
            + "damaged or too large. They are lost; other sessions are not concerned. See the messages about damaged "
            + "records."
    )]
    public static partial void JournalRefused(this ILogger logger, int sessions);

    [LoggerMessage(
        EventIds.StoreReplaced,
        LogLevel.Warning,
        "The session store '{Store}' came back as another server, or with another history ({Loss} may be missing). "
            + "Replaying what this node has into it."
    )]
    public static partial void StoreReplaced(this ILogger logger, string store, StoreLoss loss);

    [LoggerMessage(
        EventIds.ReplayDone,
        LogLevel.Information,
        "Replay into the store is done: {Replayed} sessions, of which {Restored} were missing or behind and "
            + "{Failed} were not confirmed."
    )]
    public static partial void ReplayDone(this ILogger logger, int replayed, int restored, int failed);

    [LoggerMessage(
        EventIds.ReplayCutShort,
        LogLevel.Critical,
        "This node shuts down while the store is not responding, or before all that it has was replayed into a "
            + "store that came back as another. What that store lacks and no other node "
            + "has is lost, and the exit code is 69. Raise ClusterSession:Outage:DrainTimeout."
    )]
    public static partial void ReplayCutShort(this ILogger logger);

    [LoggerMessage(
        EventIds.RecordDamaged,
        LogLevel.Error,
        "The session store '{Store}' has a damaged record: {Damage}. The SHA-256 of its key begins with {KeyHash}. "
            + "Requests of this session are handled as while the store is not responding, and no others. "
            + "Find out what writes there, and remove the record, or let it expire."
    )]
    public static partial void RecordDamaged(this ILogger logger, string store, string keyHash, string damage);

    [LoggerMessage(
        EventIds.EndsMalformed,
        LogLevel.Error,
        "The document of ends of sessions in the store has an element that this release cannot read. It stays as it "
            + "is, and this node does not know those ends while their tombstones are lost. Update this node."
            + Rate
    )]
    public static partial void EndsMalformed(this ILogger logger, LogCount count);

    [LoggerMessage(
        EventIds.EndsForgotten,
        LogLevel.Warning,
        "This node knows {Most} ends of sessions. From now on it forgets the oldest, although copies of those "
            + "sessions may still be in use. Such a session comes back if the store loses its tombstone too. Find out "
            + "what ends so many; clustersession.ends.forgotten counts them."
    )]
    public static partial void EndsForgotten(this ILogger logger, int most);

    [LoggerMessage(
        EventIds.CopiesDiscarded,
        LogLevel.Warning,
        "The store was emptied. This node has dropped its copies too, because ClusterSession:Outage:OnStoreReset is "
            + "Discard."
    )]
    public static partial void CopiesDiscarded(this ILogger logger);

    [LoggerMessage(
        EventIds.SessionsUnasked,
        LogLevel.Warning,
        "More than {Most} sessions a second are missing from the store, so that not all of them can be asked for at "
            + "the other nodes at once. Requests of the others get a 503 until it is their turn; a session that may "
            + "have expired counts as lost instead. Find out who sends so many cookies of sessions that are over, or "
            + "what deletes sessions from the store."
            + Rate
    )]
    public static partial void SessionsUnasked(this ILogger logger, int most, LogCount count);

    [LoggerMessage(
        EventIds.NodesOfAnOlderRelease,
        LogLevel.Warning,
        "Nodes of an older release are there, {Nodes} of them, which do not answer whether they have a session that "
            + "the store has lost. While they are there, no loss is certain. Update them."
    )]
    public static partial void NodesOfAnOlderRelease(this ILogger logger, int nodes);

    [LoggerMessage(
        EventIds.NodesCannotBeAsked,
        LogLevel.Warning,
        "The store lets this node publish or hear nothing on the channel between the nodes ({Failure}), so that it "
            + "cannot ask them for sessions that the store has lost. Give its user the commands and the channel that "
            + "SECURITY.md names."
    )]
    public static partial void NodesCannotBeAsked(this ILogger logger, StoreFailure failure);

    [LoggerMessage(
        EventIds.AskFailed,
        LogLevel.Error,
        "This node failed with a session that another node had asked for ({Failure}), and has said nothing of it. "
            + "Report it as an error of ClusterSession."
            + Rate
    )]
    public static partial void AskFailed(this ILogger logger, string failure, LogCount count);
}
