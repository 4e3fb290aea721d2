namespace ClusterSession.Records;

/// <summary>
/// What a store has under one key, and what becomes of it: a record, or the end of the session.
/// Every store is this state machine; how it makes a step atomic, and how long it keeps the result,
/// is its own affair.
/// </summary>
/// <remarks>
/// <code>
///            create, restore            end
/// (nothing) ----------------> record ----------> ended, for as long as the tombstone lives
///     |                        ^   |               ^
///     |                        +---+ commit, merge |
///     +--------------------------------------------+ end
/// </code>
/// Each step is a pure function of what is stored and what comes, and reads no clock. It returns
/// what is to be stored then, or null where what is stored stays as it is, and the answer for the
/// caller. Immutable.
/// </remarks>
public sealed class StoredSession
{
    private StoredSession(SessionRecord record, SessionEnd? end)
    {
        Record = record;
        End = end;
    }

    /// <summary>
    /// The session. Of one that has ended, only the version and the beginning. A store that keeps
    /// bytes makes such a session with <see cref="Ended"/>.
    /// </summary>
    public SessionRecord Record { get; }

    /// <summary>The end of the session, or null while it lives.</summary>
    public SessionEnd? End { get; }

    /// <summary>A session that lives.</summary>
    /// <param name="record">The record.</param>
    public static StoredSession Of(SessionRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return new StoredSession(record, null);
    }

    /// <summary>A session that was ended.</summary>
    /// <param name="created">When it began.</param>
    /// <param name="end">Its end.</param>
    public static StoredSession Ended(DateTimeOffset created, in SessionEnd end)
    {
        using var builder = SessionRecordBuilder.Rent();
        builder.SetHeader(SessionRecord.DestroyedFlag, created);
        builder.SetVersion(end.Version, SessionVersion.None);
        return new StoredSession(builder.Build(), end);
    }

    /// <summary>Applies what one request changed.</summary>
    /// <param name="stored">What is stored, or null.</param>
    /// <param name="change">The change.</param>
    public static (StoredSession? Next, StoredAnswer Answer) Commit(StoredSession? stored, SessionChange change)
    {
        if (stored is null or { End: not null })
        {
            return (null, Refused(stored));
        }

        var record = stored.Record;
        if (record.Version.Stamp >= change.Version.Stamp)
        {
            // Applied before, and its answer lost? Of a commit that others have followed, base and
            // change are not what is stored: no lease for that copy.
            return (
                null,
                record.Version == change.Version
                    ? Committed(record.Previous)
                    : Answer(
                        record.Contains(change.Version) ? WriteOutcome.Committed : WriteOutcome.Superseded,
                        record.Version
                    )
            );
        }

        if (change.MustBeBase && record.Version != change.Base)
        {
            return (null, Answer(WriteOutcome.Superseded, record.Version));
        }

        var isBaseMissing = !record.Contains(change.Base);
        var changed = change.Delta.ApplyTo(record, isBaseMissing ? change with { Forgotten = [] } : change);
        if (
            change.MaxBytes > 0
            && record.Version != change.Base
            && SessionDelta.SizeOf(changed) is var size
            && size > change.MaxBytes
            && size > SessionDelta.SizeOf(record)
        )
        {
            // Too large (StoreWrite.Answered makes StoreFailure.TooLarge of it). A record that was
            // too large already may shrink.
            return (null, Answer(WriteOutcome.Unavailable, record.Version));
        }

        return (Of(changed), Changed(record.Version) with { IsBaseMissing = isBaseMissing });
    }

    /// <summary>
    /// Merges a copy. Where that is answered <see cref="WriteOutcome.Unchanged"/>, nothing is to be
    /// stored, but the life of what is stored is to be at least
    /// <see cref="SessionMerge.LifeLeft"/>.
    /// </summary>
    /// <param name="stored">What is stored, or null.</param>
    /// <param name="copy">The copy.</param>
    public static (StoredSession? Next, StoredAnswer Answer) Merge(StoredSession? stored, in SessionMerge copy)
    {
        if (stored is null && copy.Mode != MergeMode.Amend && copy.LifeLeft > TimeSpan.Zero)
        {
            return (Of(copy.Record), Changed(SessionVersion.None));
        }

        if (stored is null or { End: not null })
        {
            return (null, Refused(stored));
        }

        var record = stored.Record;
        switch (copy.Mode)
        {
            case MergeMode.Amend when !record.Contains(copy.MustContain):
                return (null, Refused(null));
            case MergeMode.Create when !record.Contains(copy.Record.Version):
                return (null, Answer(WriteOutcome.Collision, SessionVersion.None));
        }

        var merged = SessionRecord.Merge(record, copy.Record, copy.IsPartial);
        if (merged.HasSameContent(record) && merged.HasSameCommits(record))
        {
            return (null, new StoredAnswer(WriteOutcome.Unchanged, record.Version, IsCurrent: true));
        }

        return record.Version.Stamp >= copy.Version.Stamp
            ? (null, Answer(WriteOutcome.Superseded, record.Version))
            : (Of(UnderVersion(merged, record.Version, copy)), Changed(record.Version));
    }

    /// <summary>Ends the session, also where there is none.</summary>
    /// <param name="stored">What is stored, or null.</param>
    /// <param name="end">The end.</param>
    public static (StoredSession? Next, StoredAnswer Answer) Destroy(StoredSession? stored, in SessionEnd end)
    {
        if (stored is { End: { } ended })
        {
            return (null, ended.Version == end.Version ? Committed(SessionVersion.None) : Refused(stored));
        }

        if (stored is not null && !end.MustBe.IsNone && stored.Record.Version != end.MustBe)
        {
            return (null, Answer(WriteOutcome.Superseded, stored.Record.Version));
        }

        return (
            Ended(stored?.Record.Created ?? DateTimeOffset.UnixEpoch, end),
            Changed(stored?.Record.Version ?? SessionVersion.None)
        );
    }

    private static SessionRecord UnderVersion(SessionRecord merged, SessionVersion previous, in SessionMerge copy)
    {
        using var builder = SessionRecordBuilder.Rent();
        builder.SetHeader(merged.Flags, merged.Created);
        builder.SetVersion(copy.Version > copy.Record.Version ? copy.Version : copy.Record.Version, previous);
        builder.AddCommits(merged);
        builder.AddCommit(new IssuedVersion(copy.Version, copy.PreviousStamp, copy.UnusedStamps));
        builder.AddAttributes(merged, other: null);
        return builder.Build();
    }

    private static StoredAnswer Changed(SessionVersion previous) => Committed(previous) with { HasChanged = true };

    /// <summary>
    /// The step had happened before. <see cref="Changed"/> builds on this for one that happens now.
    /// </summary>
    private static StoredAnswer Committed(SessionVersion previous) =>
        new(WriteOutcome.Committed, previous, IsCurrent: true);

    private static StoredAnswer Answer(WriteOutcome outcome, SessionVersion stored) => new(outcome, stored);

    private static StoredAnswer Refused(StoredSession? stored) =>
        stored?.End is { } end
            ? Answer(WriteOutcome.Destroyed, end.Version) with
            {
                Successor = end.Successor,
            }
            : Answer(WriteOutcome.Missing, SessionVersion.None);
}
