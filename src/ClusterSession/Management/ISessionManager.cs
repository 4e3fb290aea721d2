namespace ClusterSession;

/// <summary>What an application and those who run it can see of its sessions, and do with them. Thread-safe.</summary>
public interface ISessionManager
{
    /// <summary>This node's figures, now. Cheap enough to be read every second.</summary>
    SessionStatistics GetStatistics();

    /// <summary>Ends a session everywhere.</summary>
    /// <param name="sessionId">What <c>ISession.Id</c> says; it is no secret.</param>
    /// <returns>True if this call ended it, false if it had been ended before.</returns>
    /// <exception cref="ArgumentException">The text is no session id.</exception>
    /// <exception cref="SessionUnavailableException">
    /// The store is unreachable. With <see cref="Stores.StoreFailure.Unknown"/> the end holds on
    /// this node, which sends it
    /// until the store takes it; else nothing has ended.
    /// </exception>
    Task<bool> EndAsync(string sessionId);

    /// <summary>
    /// Logs somebody out everywhere: ends all sessions that are theirs by now, on every node, without looking for them. Whoever logs in again afterwards has a session that counts.
    /// When the call has returned, every node that reaches the store refuses the sessions as soon as the store's push arrives, within a second at most; this node has refused
    /// them since it was called.
    /// </summary>
    /// <param name="principal">The name that <see cref="ClusterSessionOptions.Principal"/> gives of their requests.</param>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    /// <exception cref="SessionUnavailableException">
    /// The store has not taken it within <see cref="OutageOptions.HardTimeout"/>. This node refuses the sessions all the same, and sends it on until the store takes it, unless it is
    /// stopped before; calling again is harmless.
    /// </exception>
    /// <remarks>
    /// A session is theirs from the request in which it was first used while they were logged in. It is ended if the clock of the node that recorded that was at most 100 ms ahead
    /// of this node's, or if this node has seen what that one wrote, as nodes that share sessions
    /// do all the time. So are logins of cookie schemes with
    /// <see cref="ClusterSessionBuilder.AddTicketStore"/>; without it a login cookie is for the application to refuse.
    /// </remarks>
    Task EndAllAsync(string principal);

    /// <summary>
    /// Gives all nodes a new key that signs session cookies, at once: every node that reaches the
    /// store signs with it as soon as the store's push arrives, within a second at most. Without
    /// revocation sessions go on, and their cookies are renewed at their next request.
    /// </summary>
    /// <param name="revoke">
    /// Whether all older keys are removed: every cookie of before is refused then, on those nodes
    /// within the same time, and every session has to be begun anew. For a store or a backup of it
    /// that somebody has read.
    /// </param>
    /// <param name="cancellationToken">Gives up; the key may then have been stored.</param>
    /// <exception cref="InvalidOperationException">
    /// The keys are configured (<see cref="ClusterSessionOptions.Keys"/>), or the stored ring
    /// cannot be read here.
    /// </exception>
    /// <exception cref="SessionUnavailableException">The store has not confirmed it; calling again
    /// is harmless.</exception>
    Task RotateKeysAsync(bool revoke, CancellationToken cancellationToken = default);
}
