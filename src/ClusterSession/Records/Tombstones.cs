namespace ClusterSession.Records;

/// <summary>
/// The tombstones of removed attributes. The newest are kept; no clock says how old one is, and
/// none needs to.
/// </summary>
internal static class Tombstones
{
    private static readonly string[] None = [];

    /// <summary>Whether there are so many that some may have been dropped of late.</summary>
    public static bool AreMany(SessionRecord record) => Count(record) > SessionRecord.MaxTombstones / 2;

    /// <summary>
    /// The oldest, where there are more than are kept. One may go if what it removed is known to be
    /// in the record: who brings the value back is then recognised by that.
    /// </summary>
    public static IReadOnlyList<string> ToForget(SessionRecord record) =>
        Count(record) - SessionRecord.MaxTombstones is var over and > 0 ? Oldest(record, over) : None;

    private static int Count(SessionRecord record)
    {
        var count = 0;
        if (record.HasTombstones)
        {
            foreach (var attribute in record)
            {
                count += attribute.Exists ? 0 : 1;
            }
        }

        return count;
    }

    private static IReadOnlyList<string> Oldest(SessionRecord record, int count)
    {
        var tombstones = new List<(SessionVersion Version, string Name)>();
        foreach (var attribute in record)
        {
            if (
                !attribute.Exists
                && SessionVersion.TryRead(attribute.Payload, out var removed)
                && record.Contains(removed)
            )
            {
                tombstones.Add((attribute.Version, attribute.Name));
            }
        }

        return [.. tombstones.OrderBy(static one => one.Version).Take(count).Select(static one => one.Name)];
    }
}
