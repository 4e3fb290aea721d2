using ClusterSession.Records;

namespace ClusterSession.Redis.Merging;

/// <summary>What one server has under the key of a session, without the attributes.</summary>
/// <param name="Header">
/// Version, intervals and flags of the record or the tombstone; null: damaged.
/// </param>
/// <param name="Life">How long the server keeps it, by its own clock; null: without end.</param>
/// <param name="Now">The server's clock when it said so.</param>
/// <param name="ClaimsAll">
/// Whether the intervals name everything that is in the record, as far as they can tell: none was
/// forgotten, and the format names them all.
/// </param>
/// <param name="Successor">Of one that has ended: under what it goes on, if it does.</param>
internal readonly record struct MergeEntry(
    SessionRecord? Header,
    TimeSpan? Life,
    DateTimeOffset Now,
    bool ClaimsAll = true,
    SessionSuccessor? Successor = null
);
