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
    /// The names whose tombstones a commit drops, where it would leave more than are kept. Of the
    /// tombstones that are there the oldest go first, then those that the commit would make. A
    /// tombstone may go only if the record is known to contain the version that it removed: a copy
    /// that brings the value back is then recognised by that version.
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
    /// Whether a record contains the commit that wrote a value, or may have forgotten that it does.
    /// If it has dropped tombstones and lacks such a value, the value counts as removed: see <see
    /// cref="SessionRecord.HasRemoved"/>.
    /// </summary>
    public static bool Recognises(SessionRecord record, SessionVersion writtenBy) =>
        writtenBy.Stamp <= record.ForgottenUpTo || record.Contains(writtenBy);

    /// <summary>
    /// Whether the removal of a value needs no tombstone, because the record recognises that value.
    /// Of a tombstone the removed version is looked for, of a value its own.
    /// </summary>
    public static bool MayBeDropped(SessionRecord record, in SessionAttribute attribute) =>
        attribute.Exists
            ? Recognises(record, attribute.Version)
            : SessionVersion.TryRead(attribute.Payload, out var removed) && Recognises(record, removed);

    /// <summary>
    /// Whether a copy has seen a tombstone and has dropped or replaced it. The copy must be known
    /// to contain the commit of the tombstone. A commit that it may merely have forgotten does not
    /// count, unlike with values (<see cref="Recognises"/>): the copy may still have the value.
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

    /// <summary>
    /// How many tombstones a record has under names that the delta does not change.
    /// </summary>
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
