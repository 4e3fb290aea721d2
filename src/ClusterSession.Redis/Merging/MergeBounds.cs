namespace ClusterSession.Redis.Merging;

/// <summary>
/// How long the source was away, by the clocks of the others, and what is too old by that.
/// </summary>
/// <remarks>
/// The clock of a host that returns may be wrong by any amount, and with it the remaining lives
/// that its Redis shows. So the time since it was last in contact, as the others have counted it,
/// bounds them.
/// </remarks>
/// <param name="Away">How long ago the source was in contact last.</param>
/// <param name="StoreLife">
/// How long a session lives. A source that was away longer has no session to give, and what is
/// merged lives no longer. <c>cluster-session merge</c> counts the default of <c>LongestRequest</c>
/// in. Agents and the unit of a Sentinel site do not: docs/operations/merge.md says why.
/// </param>
/// <param name="TombstoneLife">
/// How long an end is remembered: <c>ClusterSessionOptions.TombstoneLife</c>, made of that life. A
/// source that was away longer has no revocations, logins or keys of cookies to give, and no ends
/// but of sessions that live at the target: others may have ended, revoked or retired the rest, and
/// nobody remembers it.
/// </param>
internal sealed record MergeBounds(TimeSpan Away, TimeSpan StoreLife, TimeSpan TombstoneLife)
{
    /// <summary>The same so much later: a merge may take as long as a session lives.</summary>
    public MergeBounds After(TimeSpan elapsed) => this with { Away = Away + elapsed };
}
