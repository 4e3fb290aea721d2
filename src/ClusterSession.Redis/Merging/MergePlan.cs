using ClusterSession.Records;

namespace ClusterSession.Redis.Merging;

/// <summary>Decides about one session by the headers that both servers have. Pure.</summary>
/// <remarks>
/// <code>
/// source                   target missing   target has it                   target ended
/// damaged                  leave            leave                           leave
/// ended, and too old       skip             end                             same
/// ended                    end              end                             same
/// away for too long        skip             skip                            skip
/// life over                skip             merge or same, never prolong    skip
/// has it                   create           intervals cover the source's?   skip: the end stays
///                                             no   merge
///                                             yes  same, or prolong
/// </code>
/// The first row that fits counts. An end is too old when its life is over, or the source was away
/// for longer than ends are remembered. A damaged record of the target is left too; only an end is
/// stored over it. Where the target has rotated the id, the source's record is compared with what
/// the target has under the next id. The source's record is merged into that, skipped, or left
/// where one of the two is damaged. It is not created, ended or prolonged. An end is final, and its
/// life says only how long it is remembered: what lives at the target ends however old the end is,
/// and no wrong clock makes the merge pass over the end. Records are compared by intervals, since
/// neither offsets nor the newest version tell: later commits of the target, however many, do not
/// contain the one that only the source has. A record that may hold more than its intervals claim
/// is merged, unless both are equal: what is not known counts as not contained.
/// </remarks>
internal static class MergePlan
{
    /// <summary>
    /// The bit of the flags which says that the record has an end of its own, as a login has.
    /// </summary>
    private const byte OwnExpiry = 2;

    /// <summary>
    /// Lives are read one after the other: what differs by less is no difference.
    /// </summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(1);

    /// <summary>What to do.</summary>
    /// <param name="source">What the source has.</param>
    /// <param name="target">What the target has; null: nothing.</param>
    /// <param name="targetNow">The target's clock.</param>
    /// <param name="bounds">How old the source is, if that is known.</param>
    public static MergeStep Decide(
        in MergeEntry source,
        in MergeEntry? target,
        DateTimeOffset targetNow,
        MergeBounds? bounds
    )
    {
        // An end is stored over whatever is there.
        if (source.Header is not { } ofSource || (target is { Header: null } && !ofSource.IsDestroyed))
        {
            return new MergeStep(MergeAction.LeftOut);
        }

        var life = LifeAtTarget(source, ofSource, targetNow, bounds);
        var ofTarget = target?.Header;
        if (ofTarget is { IsDestroyed: true })
        {
            return new MergeStep(ofSource.IsDestroyed ? MergeAction.Same : MergeAction.SkipEnded);
        }

        if (ofSource.IsDestroyed)
        {
            return target is { } there ? new MergeStep(MergeAction.End, Longer(life, EndLife(there, bounds)))
                : life > TimeSpan.Zero ? new MergeStep(MergeAction.End, life)
                : new MergeStep(MergeAction.SkipExpired);
        }

        if (ofTarget is null)
        {
            return life <= TimeSpan.Zero
                ? new MergeStep(MergeAction.SkipExpired)
                : new MergeStep(MergeAction.Create, life);
        }

        if (IsTooOld(ofSource, bounds))
        {
            return new MergeStep(MergeAction.SkipExpired);
        }

        if (!HasAllOf(target!.Value, ofTarget, source, ofSource))
        {
            return new MergeStep(MergeAction.Merge, target.Value.Life is null ? TimeSpan.Zero : life);
        }

        return target.Value.Life is { } has && life > has + Tolerance
            ? new MergeStep(MergeAction.Prolong, life)
            : new MergeStep(MergeAction.Same);
    }

    /// <summary>
    /// What to do where the target has rotated the id. The session under the next id gets what the
    /// source has. It is not prolonged, and not created.
    /// </summary>
    /// <inheritdoc cref="Decide"/>
    public static MergeStep DecideRotated(
        in MergeEntry source,
        in MergeEntry? target,
        DateTimeOffset targetNow,
        MergeBounds? bounds
    ) =>
        Decide(source, target, targetNow, bounds).Action switch
        {
            MergeAction.Merge => new MergeStep(MergeAction.Merge),
            MergeAction.LeftOut => new MergeStep(MergeAction.LeftOut),
            _ => new MergeStep(MergeAction.SkipEnded),
        };

    /// <summary>
    /// How long the target may keep what the source has: the shorter of two lives. The first is the
    /// remaining life that the source shows. For a session or login, the time by which the target's
    /// clock is ahead is subtracted: a record expires at a moment, and a clock that is behind shows
    /// a longer life up to that moment. The second is the longest life of a session, or of a
    /// tombstone, less the time that the source was away. The second does not bound a login, which
    /// has an end of its own.
    /// </summary>
    private static TimeSpan LifeAtTarget(
        in MergeEntry source,
        SessionRecord header,
        DateTimeOffset targetNow,
        MergeBounds? bounds
    )
    {
        var life = TimeSpan.MaxValue;
        if (source.Life is { } left)
        {
            var behind = targetNow - source.Now;
            life = behind > TimeSpan.Zero && !header.IsDestroyed ? left - behind : left;
        }

        if (bounds is null)
        {
            return life;
        }

        if (IsTooOld(header, bounds))
        {
            return TimeSpan.Zero;
        }

        // A login has an end of its own, which its remaining life says.
        return header.IsDestroyed ? Shorter(life, bounds.TombstoneLife - bounds.Away)
            : HasOwnExpiry(header) ? life
            : Shorter(life, bounds.StoreLife - bounds.Away);
    }

    private static bool IsTooOld(SessionRecord header, MergeBounds? bounds) =>
        bounds is not null
        && bounds.Away >= (header.IsDestroyed || HasOwnExpiry(header) ? bounds.TombstoneLife : bounds.StoreLife);

    /// <summary>
    /// How long the tombstone lives at a target where the session was alive until now: longer than
    /// any copy of the session is in use at the target's nodes. Without bounds, twice the life that
    /// the target shows (no overflow).
    /// </summary>
    private static TimeSpan EndLife(in MergeEntry target, MergeBounds? bounds) =>
        bounds?.TombstoneLife
        ?? (target.Life is { } left ? left + Shorter(left, TimeSpan.MaxValue - left) : TimeSpan.Zero);

    private static bool HasAllOf(
        in MergeEntry target,
        SessionRecord ofTarget,
        in MergeEntry source,
        SessionRecord ofSource
    ) =>
        ofTarget.Contains(ofSource.Version)
        && Intervals.Cover(ofTarget.Intervals, ofSource.Intervals)
        && (source.ClaimsAll || AreEqual(ofTarget, ofSource, target.ClaimsAll));

    /// <summary>
    /// Whether the headers are equal, which proves equal records, as each change makes another
    /// version. Asked only where the intervals of the source do not name all of its commits (<see
    /// cref="MergeEntry.ClaimsAll"/>). Where those of the target do, and all else is equal, only
    /// the formats differ: the former one does not name all commits, and nothing is proved.
    /// </summary>
    private static bool AreEqual(SessionRecord ofTarget, SessionRecord ofSource, bool targetClaimsAll) =>
        !targetClaimsAll
        && ofTarget.Version == ofSource.Version
        && ofTarget.Intervals.SequenceEqual(ofSource.Intervals)
        && ofTarget.ForgottenUpTo == ofSource.ForgottenUpTo
        && ofTarget.HasDroppedTombstones == ofSource.HasDroppedTombstones;

    private static bool HasOwnExpiry(SessionRecord header) => (header.Flags & OwnExpiry) != 0;

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
