using ClusterSession.Records;

namespace ClusterSession.Stores;

/// <summary>
/// Where the nodes of a cluster keep their sessions. Every store passes the same conformance tests;
/// this list is what they check.
/// </summary>
/// <remarks>
/// <list type="number">
/// <item>Each operation on one key is atomic: it happens whole or not at all, and operations on one
/// key are in one order.</item>
/// <item>Every change of a record gives it a version that is newer than the one it had. A commit
/// that would not is answered <see cref="WriteOutcome.Superseded"/> and changes nothing.</item>
/// <item>A commit whose base is no longer the stored version succeeds all the same, attribute by
/// attribute; <see cref="StoreWrite.Previous"/> tells what it was applied to,
/// <see cref="StoreWrite.IsBaseMissing"/> that the base was never there or is lost.</item>
/// <item>A record says that it contains a commit (<see cref="SessionRecord.Contains"/>) only if it
/// has absorbed it: a commit brings its own interval and none of its base's, a merged copy the
/// intervals of both. <see cref="Records.StoredSession"/> is all of this as pure functions, which a
/// store need only make atomic.</item>
/// <item>Repeating an operation that has happened (a reply was lost) changes nothing
/// (<see cref="StoreWrite.HasChanged"/>), and the answer says that it has happened: a commit is
/// <see cref="WriteOutcome.Committed"/> with the same <see cref="StoreWrite.Previous"/>, a copy
/// <see cref="WriteOutcome.Unchanged"/>, an end <see cref="WriteOutcome.Committed"/> without a
/// previous version. If other commits have come on top of it since, the answer has another
/// <see cref="StoreWrite.Previous"/> or no lease, so that the caller's copy does not pass for what
/// is stored.</item>
/// <item>A destroyed session leaves a tombstone for as long as the caller asks, and nothing revives
/// it.</item>
/// <item>A store that cannot be reached says so as a value (<see cref="StoreFailure"/>), never as
/// "missing", never by an exception.</item>
/// <item>Attributes, fields and flag bits that this release does not know are kept as they
/// are.</item>
/// <item>Where somebody else can write the place of the records, a record says which key it was
/// written under (<see cref="SessionKey.Mark"/>). One that was copied to another key is answered
/// there with <see cref="StoreFailure.Damaged"/>, also its end; one that does not say is taken for
/// what it is.</item>
/// <item>A lease that a read, a commit or a document hands out is current only while the store
/// would tell the observer of every change by others.</item>
/// <item>A read says how long the store keeps the session from now on, by the store's own clock,
/// and is itself no reason to keep it longer. Creating, restoring, committing and touching keep it
/// for at least the least life they name, a copy also where it changes nothing else; none of them
/// shortens a life that is already long enough. Nodes compute from it how long ago the session was
/// used.</item>
/// <item>A document merges element by element: the greater rank stays, so that merging in any
/// order, and again, ends in the same. It exists from the first merge on, also without elements;
/// one that was lost and made again has another incarnation. Reading from a position transfers what
/// was changed since and no more: one element, where one was changed. An element is not kept beyond
/// its life, nor lost before it; the document lives as long as its elements, and as the merges say.
/// What is to live for <see cref="TimeSpan.MaxValue"/> never expires.</item>
/// <item>A key is in one of the <see cref="Partitions"/>, and every operation on it in that one. A
/// partition that does not respond, or comes back as another server, delays and concerns no
/// operation on keys of another one. Where keys go over to another partition, the observer hears of
/// it before <see cref="PartitionOf"/> answers with that
/// (<see cref="IStoreObserver.OnMoved"/>).</item>
/// <item>Every operation is answered within the lesser of its <see cref="StoreDeadline"/> and the
/// store's own limit, which is not above <see cref="OutageOptions.HardTimeout"/>, if need be with a
/// <see cref="StoreFailure"/>; what it may still do later is harmless.</item>
/// </list>
/// <para>All members are thread-safe.</para>
/// </remarks>
public interface IClusterSessionStore : IAsyncDisposable
{
    /// <summary>What logs, metrics and health call this store, such as <c>redis</c>.</summary>
    string Name { get; }

    /// <summary>Lists the sessions. Default null: this store cannot.</summary>
    ISessionDirectory? Directory => null;

    /// <summary>
    /// What this node knows of the servers. Default null: there are none to tell of.
    /// </summary>
    IStoreInspection? Inspection => null;

    /// <summary>Carries messages between the nodes. Default null: this store cannot.</summary>
    IStoreChannel? Channel => null;

    /// <summary>
    /// The partitions that keys can be in now. Default: one, with the number 0 and the store's
    /// name.
    /// </summary>
    IReadOnlyList<StorePartition> Partitions => [new(0, Name)];

    /// <summary>
    /// Which partition a session is in now: the same at all nodes. A partition fails, and comes
    /// back as another server, without the other ones. Called by every operation: some nanoseconds,
    /// and no waiting. Default: 0.
    /// </summary>
    /// <param name="key">Which session.</param>
    int PartitionOf(SessionKey key) => 0;

    /// <summary>Which partition a document is in now: the same at all nodes, so that the hash of a
    /// string in one process does not do. Default: 0.</summary>
    /// <param name="name">Its name.</param>
    int PartitionOfDocument(string name) => 0;

    /// <summary>
    /// Begins: connects, and from then on calls the observer when another node changes a session.
    /// The host calls it once, when it starts, and waits for it; it need not wait for a server,
    /// because operations that come before there is one are answered all the same. Called again, it
    /// changes nothing but the observer.
    /// </summary>
    /// <param name="observer">What is called: this node, which invalidates its copies and recovers
    /// what was lost.</param>
    /// <param name="cancellationToken">The host gives up starting.</param>
    /// <exception cref="InvalidOperationException">The store responds, and cannot do what a setting
    /// asks for; says which, and the remedy. The host does not start. A store that cannot be
    /// reached is no reason for it.</exception>
    ValueTask StartAsync(IStoreObserver observer, CancellationToken cancellationToken);

    /// <summary>Reads a session, unless it is still what the caller knows.</summary>
    /// <param name="key">Which session.</param>
    /// <param name="known">The version of the copy the caller holds; then an unchanged session
    /// moves no values.</param>
    /// <param name="deadline">When the caller stops waiting.</param>
    ValueTask<StoreRead> ReadAsync(SessionKey key, SessionVersion known, StoreDeadline deadline);

    /// <summary>Applies what one request changed.</summary>
    /// <param name="key">Which session.</param>
    /// <param name="change">The change.</param>
    /// <param name="deadline">When the caller stops waiting; the commit may then have
    /// happened.</param>
    ValueTask<StoreWrite> CommitAsync(SessionKey key, SessionChange change, StoreDeadline deadline);

    /// <summary>
    /// Stores a whole copy: a new session, or a copy that the store is missing something of.
    /// </summary>
    /// <param name="key">Which session.</param>
    /// <param name="copy">The copy and how to take it.</param>
    /// <param name="deadline">When the caller stops waiting; the copy may then have been
    /// stored.</param>
    ValueTask<StoreWrite> MergeAsync(SessionKey key, SessionMerge copy, StoreDeadline deadline);

    /// <summary>
    /// Ends a session and leaves a tombstone, also where there was no record. Where another version
    /// has ended it before, the answer is <see cref="WriteOutcome.Destroyed"/>; where the record
    /// has not the expected version, <see cref="WriteOutcome.Superseded"/>.
    /// </summary>
    /// <param name="key">Which session.</param>
    /// <param name="end">The end.</param>
    /// <param name="tombstoneLife">How long the end must be remembered.</param>
    /// <param name="deadline">When the caller stops waiting; the session may then have been
    /// ended.</param>
    ValueTask<StoreWrite> DestroyAsync(SessionKey key, SessionEnd end, TimeSpan tombstoneLife, StoreDeadline deadline);

    /// <summary>Prolongs the life of a session without changing it. Where enough is left of it, it
    /// stays as it is. The answer says which version the session has.</summary>
    /// <param name="key">Which session.</param>
    /// <param name="life">How long it lives from now on if nothing else happens.</param>
    /// <param name="leastLife">Where that much is left, the store need not prolong it.</param>
    /// <param name="deadline">When the caller stops waiting.</param>
    ValueTask<StoreTouch> TouchAsync(SessionKey key, TimeSpan life, TimeSpan leastLife, StoreDeadline deadline);

    /// <summary>
    /// Reads what was changed since a position in a document that all nodes share. Changes of it by
    /// others are announced, as those of sessions are.
    /// </summary>
    /// <param name="name">Its name.</param>
    /// <param name="known">The position that was read before, over the same lease; or none, for
    /// all.</param>
    /// <param name="deadline">When the caller stops waiting.</param>
    ValueTask<StoreDocument> ReadDocumentAsync(string name, DocumentPosition known, StoreDeadline deadline);

    /// <summary>
    /// Merges elements into a document, and makes it if it does not exist. What is stored with the
    /// same or a greater rank stays as it is, with its life.
    /// </summary>
    /// <param name="name">Its name.</param>
    /// <param name="elements">
    /// At most 256, no two of one id, each of at most 256 KiB, all of at most 2 MiB. An empty list
    /// is allowed: the call then only makes or prolongs the document.
    /// </param>
    /// <param name="life">
    /// The document's own life, also without elements. At least half of it is left after the merge;
    /// where half is left already, the store need not prolong it. The document never expires before
    /// its last element. <see cref="TimeSpan.MaxValue"/>: for ever.
    /// </param>
    /// <param name="deadline">When the caller stops waiting; the elements may then have been
    /// merged.</param>
    ValueTask<StoreDocument> MergeDocumentAsync(
        string name,
        IReadOnlyList<DocumentElement> elements,
        TimeSpan life,
        StoreDeadline deadline
    );
}
