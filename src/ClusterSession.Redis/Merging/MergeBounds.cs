namespace ClusterSession.Redis.Merging;

/// <summary>How old what the source has may be, by the clocks of those who survived it.</summary>
/// <remarks>
/// The clock of a host that returns may be wrong by any amount, and with it the remaining lives
/// that its Redis shows. So the time since it was last in contact, as the others have counted it,
/// bounds them.
/// </remarks>
/// <param name="Away">How long ago the source was in contact last.</param>
/// <param name="StoreLife">
/// How long a store keeps a session: <c>ClusterSessionOptions.StoreLife</c> of the application. A
/// source that was away longer has no session to give.
/// </param>
/// <param name="TombstoneLife">
/// How long a store keeps an end: <c>ClusterSessionOptions.TombstoneLife</c>. A source that was
/// away longer has no ends, revocations, logins or keys of cookies to give: others may have ended,
/// revoked or retired them, and nobody remembers it.
/// </param>
internal sealed record MergeBounds(TimeSpan Away, TimeSpan StoreLife, TimeSpan TombstoneLife)
{
    /// <summary>The same so much later: a merge may take as long as a session lives.</summary>
    public MergeBounds After(TimeSpan elapsed) => this with { Away = Away + elapsed };
}
