namespace ClusterSession.Failover.Control;

/// <summary>
/// How old a session or an end may be to be merged, by the settings of the application.
/// </summary>
internal static class SessionLives
{
    private const double Touches = 1.25;
    private static readonly TimeSpan LongestTouch = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How long a session and a tombstone live in the application's store, without
    /// <c>LongestRequest</c> and with the default of <c>TouchInterval</c>. What was away for longer
    /// than its life is not merged, and what is merged expires after so long at the latest.
    /// </summary>
    /// <remarks>
    /// To leave out <c>LongestRequest</c> loses no session that a node would serve: after
    /// <c>IdleTimeout</c> and 1.25 touch intervals without a use every node refuses it, and the
    /// store keeps it only for requests that are still running. To the nodes, the last use of a
    /// session that is merged looks earlier than it was, by up to <c>LongestRequest</c>. The
    /// session still lives for its <c>IdleTimeout</c> if <c>LongestRequest</c> is not longer than
    /// 1.25 touch intervals, as by default.
    /// </remarks>
    /// <param name="idleTimeout">Its <c>IdleTimeout</c>.</param>
    /// <param name="ticketLife">Life of its tickets; zero: it has none in the store.</param>
    public static (TimeSpan Store, TimeSpan Tombstone) Of(TimeSpan idleTimeout, TimeSpan ticketLife)
    {
        var touch = idleTimeout / 10 < LongestTouch ? idleTimeout / 10 : LongestTouch;
        var store = idleTimeout + touch * Touches;
        return (store, store + (store > ticketLife ? store : ticketLife));
    }
}
