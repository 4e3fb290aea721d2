using ClusterSession.Stores;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Diagnostics;

/// <summary>Every message of the core. None carries an id, a token, a key or a value.</summary>
internal static partial class SessionLog
{
    [LoggerMessage(EventIds.CookieRefused, LogLevel.Information, "A session cookie was refused: {Reason}. The request goes on without a session.")]
    public static partial void CookieRefused(this ILogger logger, string reason);

    [LoggerMessage(EventIds.SeveralCookies, LogLevel.Warning,
        "A request brought several valid cookies named {Cookie}: its browser holds them for different Domains or Paths. " +
        "The session of the user who is logged in is used, else the first that lives. Give ClusterSession:Cookie a name " +
        "of its own, and keep its Domain and Path as they are. Further requests like this are not logged.")]
    public static partial void SeveralCookies(this ILogger logger, string cookie);

    [LoggerMessage(EventIds.CommittedAfterHeaders, LogLevel.Warning,
        "A session was changed after the response headers had left. The change is committed, but the client's cookie does not name it; " +
        "change sessions before the response starts.")]
    public static partial void CommittedAfterHeaders(this ILogger logger);

    [LoggerMessage(EventIds.CommitFailed, LogLevel.Error, "A session commit got no answer from the store ({Failure}); the request is answered with 503.")]
    public static partial void CommitFailed(this ILogger logger, StoreFailure failure);

    [LoggerMessage(EventIds.CommitAfterHeadersFailed, LogLevel.Error,
        "A session commit got no answer from the store ({Failure}) after the response headers had left; its client was told that all is well.")]
    public static partial void CommitAfterHeadersFailed(this ILogger logger, StoreFailure failure);

    [LoggerMessage(EventIds.OpenFailed, LogLevel.Error, "A session could not be opened: the store gave no answer ({Failure}). Policy: {Policy}.")]
    public static partial void OpenFailed(this ILogger logger, StoreFailure failure, SessionOutagePolicy policy);

    [LoggerMessage(EventIds.SessionRegressed, LogLevel.Error,
        "A session lacks a commit that its client has seen acknowledged: the store lost it, and this node has no copy of it.")]
    public static partial void SessionRegressed(this ILogger logger);

    [LoggerMessage(EventIds.SessionServedInPart, LogLevel.Warning,
        "A session goes on without what other nodes committed beside this one: the store gives no answer ({Failure}). Its client may have seen more.")]
    public static partial void SessionServedInPart(this ILogger logger, StoreFailure failure);

    [LoggerMessage(EventIds.SessionEndedMeanwhile, LogLevel.Information,
        "A session was ended by another request while this one changed it; the change is dropped.")]
    public static partial void SessionEndedMeanwhile(this ILogger logger);

    [LoggerMessage(EventIds.SessionEndedWithPrincipal, LogLevel.Information, "A session was ended because all sessions of its principal were.")]
    public static partial void SessionEndedWithPrincipal(this ILogger logger);

    [LoggerMessage(EventIds.PrincipalEnded, LogLevel.Information, "All sessions of a principal were ended on this node; the store has taken it: {IsStored}.")]
    public static partial void PrincipalEnded(this ILogger logger, bool isStored);

    [LoggerMessage(EventIds.NotBeforesMalformed, LogLevel.Critical,
        "The list of principals whose sessions were ended is not one that this release can read. It is left as it is, and nothing is added to it.")]
    public static partial void NotBeforesMalformed(this ILogger logger);

    [LoggerMessage(EventIds.StoreLostSession, LogLevel.Warning, "The store had lost a session; it was restored from this node's copy.")]
    public static partial void StoreLostSession(this ILogger logger);

    [LoggerMessage(EventIds.StoreLostCommit, LogLevel.Warning, "The store had lost commits of a session; they were restored from this node's copy.")]
    public static partial void StoreLostCommit(this ILogger logger);

    [LoggerMessage(EventIds.TouchesFailed, LogLevel.Warning, "{Count} sessions in use could not be prolonged in the store; it is tried again.")]
    public static partial void TouchesFailed(this ILogger logger, int count);

    [LoggerMessage(EventIds.KeyCollision, LogLevel.Critical,
        "A new session's id was taken already. With a working random number generator this does not happen; another id was drawn.")]
    public static partial void KeyCollision(this ILogger logger);

    [LoggerMessage(EventIds.ReplicasShort, LogLevel.Warning, "A commit reached {Reached} of {Wanted} replicas in time; it counts as Primary.")]
    public static partial void ReplicasShort(this ILogger logger, int reached, int wanted);

    [LoggerMessage(EventIds.KeyRingCreated, LogLevel.Information, "The ring of keys that sign session cookies was made and stored.")]
    public static partial void KeyRingCreated(this ILogger logger);

    [LoggerMessage(EventIds.KeyRingRotated, LogLevel.Information, "Key {KeyId} was added to the ring that signs session cookies; it signs from {ActiveFrom}.")]
    public static partial void KeyRingRotated(this ILogger logger, int keyId, DateTimeOffset activeFrom);

    [LoggerMessage(EventIds.KeyRingUnavailable, LogLevel.Warning, "The ring of keys that sign session cookies could not be read from the store ({Failure}).")]
    public static partial void KeyRingUnavailable(this ILogger logger, StoreFailure failure);

    [LoggerMessage(EventIds.KeyRingMalformed, LogLevel.Critical,
        "The ring of keys in the store is not one that this release can read. It is left as it is; give keys in the configuration " +
        "(ClusterSession:Keys) or remove the stored ring, which ends all sessions.")]
    public static partial void KeyRingMalformed(this ILogger logger);

    [LoggerMessage(EventIds.StoreUnanswering, LogLevel.Error,
        "The session store '{Store}' gives no answers. Sessions with a local copy go on, their commits are kept here; others follow the policy.")]
    public static partial void StoreUnanswering(this ILogger logger, string store);

    [LoggerMessage(EventIds.StoreAnswering, LogLevel.Warning, "The session store '{Store}' answers again.")]
    public static partial void StoreAnswering(this ILogger logger, string store);

    [LoggerMessage(EventIds.CommitJournalled, LogLevel.Debug, "A commit got no answer from the store ({Failure}); it is kept here until the store takes it.")]
    public static partial void CommitJournalled(this ILogger logger, StoreFailure failure);

    [LoggerMessage(EventIds.JournalFull, LogLevel.Error,
        "The journal of commits that the store has not taken is full ({Sessions} sessions, {Bytes} bytes; ClusterSession:Outage:JournalSessions, JournalBytes). " +
        "Further commits are answered with 503.")]
    public static partial void JournalFull(this ILogger logger, int sessions, long bytes);

    [LoggerMessage(EventIds.JournalSent, LogLevel.Information, "The commits of {Sessions} sessions that were kept here are in the store.")]
    public static partial void JournalSent(this ILogger logger, int sessions);

    [LoggerMessage(EventIds.JournalNotDrained, LogLevel.Critical,
        "This node shuts down with commits of {Sessions} sessions that the store has not taken; they are lost. The exit code says so.")]
    public static partial void JournalNotDrained(this ILogger logger, int sessions);

    [LoggerMessage(EventIds.StoreReplaced, LogLevel.Warning, "The session store came back as another ({Loss} may be missing); this node gives it what it has.")]
    public static partial void StoreReplaced(this ILogger logger, StoreLoss loss);

    [LoggerMessage(EventIds.ReplayDone, LogLevel.Information, "Replay into the store is done: {Replayed} sessions, {Restored} of them were missing or behind, {Failed} got no answer.")]
    public static partial void ReplayDone(this ILogger logger, int replayed, int restored, int failed);

    [LoggerMessage(EventIds.ReplayCutShort, LogLevel.Critical,
        "This node shuts down while the store gives no answer, or before it has given a store that came back as another all that it has (ClusterSession:Outage:DrainTimeout). " +
        "What that store lacks and no other node has is lost. The exit code says so.")]
    public static partial void ReplayCutShort(this ILogger logger);

    [LoggerMessage(EventIds.CopiesDiscarded, LogLevel.Warning, "The store was emptied; this node has dropped its copies too (ClusterSession:Outage:OnStoreReset is Discard).")]
    public static partial void CopiesDiscarded(this ILogger logger);
}
