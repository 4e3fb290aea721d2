namespace ClusterSession.Records;

/// <summary>
/// The tombstones of removed attributes. The newest are kept; no clock says how old one is, and
/// none needs to.
/// </summary>
internal static class Tombstones
{
    private static readonly string[] None = [];
    private static readonly SessionDelta Nothing = new();

    /// <summary>Whether there are so many that some may have been dropped of late.</summary>
    public static bool AreMany(SessionRecord record) => Count(record, Nothing) > SessionRecord.MaxTombstones / 2;

    /// <summary>
    /// Of those that a commit leaves, the oldest, where there would be more than are kept: first
    /// those that are there, then those that the commit would make. One may go if what it removed
    /// is known to be in the record: who brings the value back is then recognised by that.
    /// </summary>
    /// <param name="record">What the commit is made on.</param>
    /// <param name="delta">What it changes.</param>
    /// <returns>Names; of what is removed by the commit, those that need no tombstone.</returns>
    public static IReadOnlyList<string> ToForget(SessionRecord record, SessionDelta delta)
    {
        if (!record.HasTombstones && delta.Count <= SessionRecord.MaxTombstones)
        {
            return None;
        }

        var removed = RemovedBy(delta);
        var over = Count(record, delta) + removed.Count - SessionRecord.MaxTombstones;
        if (over <= 0)
        {
            return None;
        }

        var forgotten = Oldest(record, delta, over);
        foreach (var name in removed)
        {
            if (forgotten.Count == over)
            {
                break;
            }

            if (SessionDelta.TryFindRemoved(record, name, out var version) && Recognises(record, version))
            {
                forgotten.Add(name);
            }
        }

        return forgotten;
    }

    /// <summary>
    /// Whether a record knows a value that it has not got, without a tombstone, once it has dropped
    /// one: see <see cref="SessionRecord.HasRemoved"/>.
    /// </summary>
    public static bool Recognises(SessionRecord record, SessionVersion value) =>
        value.Stamp <= record.ForgottenUpTo || record.Contains(value);

    /// <summary>
    /// Whether a tombstone need not be kept: by what it removed, or by the value itself in its
    /// place.
    /// </summary>
    public static bool MayBeDropped(SessionRecord record, in SessionAttribute attribute) =>
        attribute.Exists
            ? Recognises(record, attribute.Version)
            : SessionVersion.TryRead(attribute.Payload, out var removed) && Recognises(record, removed);

    /// <summary>
    /// Whether a copy has seen a tombstone that it does not have, and dropped or replaced it. What
    /// the copy may merely have forgotten does not count, unlike with values: it may have the value
    /// still.
    /// </summary>
    public static bool WasDropped(SessionRecord by, in SessionAttribute tombstone, bool hasEitherDropped) =>
        hasEitherDropped && by.Contains(tombstone.Version) && by.HasOtherThan(tombstone) && MayBeDropped(by, tombstone);

    private static List<string> RemovedBy(SessionDelta delta)
    {
        var names = new List<string>();
        foreach (var (name, value) in delta.Changes)
        {
            if (value is null)
            {
                names.Add(name);
            }
        }

        return names;
    }

    /// <summary>How many a record has of names that are not changed.</summary>
    private static int Count(SessionRecord record, SessionDelta delta)
    {
        var count = 0;
        if (record.HasTombstones)
        {
            foreach (var attribute in record)
            {
                count += attribute.Exists || (delta.Count > 0 && delta.TryGet(attribute.Name, out _)) ? 0 : 1;
            }
        }

        return count;
    }

    private static List<string> Oldest(SessionRecord record, SessionDelta delta, int count)
    {
        var tombstones = new List<(SessionVersion Version, string Name)>();
        foreach (var attribute in record)
        {
            if (!attribute.Exists && MayBeDropped(record, attribute) && !delta.TryGet(attribute.Name, out _))
            {
                tombstones.Add((attribute.Version, attribute.Name));
            }
        }

        return [.. tombstones.OrderBy(static one => one.Version).Take(count).Select(static one => one.Name)];
    }
}
