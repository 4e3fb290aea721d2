using ClusterSession.Records;

namespace ClusterSession.Stores.InMemory;

/// <summary>
/// Lists sessions in memory, in the order of their keys: a cursor is the last key of a page.
/// </summary>
internal sealed class InMemoryDirectory(InMemorySessions sessions) : ISessionDirectory
{
    public ValueTask<SessionListing> ListAsync(string? cursor, int pageSize, StoreDeadline deadline)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(pageSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pageSize, 1000);
        var keys = sessions
            .Keys.Select(static key => (Key: key, Text: key.ToString()))
            .Where(key => string.CompareOrdinal(key.Text, cursor) > 0)
            .OrderBy(static key => key.Text, StringComparer.Ordinal)
            .Take(pageSize)
            .ToList();
        var found = new List<ListedSession>(keys.Count);
        foreach (var (key, _) in keys)
        {
            if (sessions.Read(key) is ({ End: null, Record: var record }, var left))
            {
                found.Add(new ListedSession(key, record.Version, left));
            }
        }

        return new(new SessionListing(found, keys.Count == pageSize ? keys[^1].Text : null));
    }
}
