namespace ClusterSession.Failover.Control;

/// <summary>
/// How long the application's store keeps what, by the settings of the application.
/// </summary>
internal static class SessionLives
{
    private const double Touches = 1.25;
    private static readonly TimeSpan LongestTouch = TimeSpan.FromMinutes(1);

    /// <summary>
    /// No longer than the application's own figures: what is older than this is not merged, and
    /// what is merged lives no longer.
    /// </summary>
    /// <param name="idleTimeout">Its <c>IdleTimeout</c>.</param>
    /// <param name="ticketLife">Life of its tickets; zero: it has none in the store.</param>
    public static (TimeSpan Store, TimeSpan Tombstone) Of(TimeSpan idleTimeout, TimeSpan ticketLife)
    {
        var touch = idleTimeout / 10 < LongestTouch ? idleTimeout / 10 : LongestTouch;
        var store = idleTimeout + touch * Touches;
        return (store, store + (store > ticketLife ? store : ticketLife));
    }
}
