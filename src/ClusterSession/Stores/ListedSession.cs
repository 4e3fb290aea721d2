using ClusterSession.Records;

namespace ClusterSession.Stores;

/// <summary>A session as a listing names it: nothing of what it contains.</summary>
/// <param name="Key">Which session.</param>
/// <param name="Version">The version that is stored.</param>
/// <param name="RemainingLife">
/// How long the store keeps it from now on; null: without end.
/// </param>
public readonly record struct ListedSession(SessionKey Key, SessionVersion Version, TimeSpan? RemainingLife);
