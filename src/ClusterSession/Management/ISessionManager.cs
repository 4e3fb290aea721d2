using Microsoft.AspNetCore.Http;

namespace ClusterSession;

/// <summary>
/// What an application and those who run it can see of its sessions, and do with them. Thread-safe.
/// </summary>
public interface ISessionManager
{
    /// <summary>This node's figures, now. Cheap enough to be read every second.</summary>
    SessionStatistics GetStatistics();

    /// <summary>Ends a session everywhere.</summary>
    /// <param name="sessionId">What <c>ISession.Id</c> says; it is no secret.</param>
    /// <returns>
    /// False if the session is known to have been ended before. True if this call ended it. Also
    /// true where a session of that id went on under another id, and where nothing is stored under
    /// that id: no list says whether such a session went on under another id or was never there.
    /// </returns>
    /// <exception cref="ArgumentException">The text is no session id.</exception>
    /// <exception cref="SessionUnavailableException">
    /// The store is unreachable. With <see cref="Stores.StoreFailure.Unknown"/> the end holds on
    /// this node, which sends it until the store takes it; else nothing has ended.
    /// </exception>
    Task<bool> EndAsync(string sessionId);

    /// <summary>
    /// Logs somebody out everywhere: ends all sessions that are theirs by now, on every node,
    /// without looking for them. Anyone who logs in again afterwards has a session that counts.
    /// When the call has returned, every node that reaches the store refuses the sessions as soon
    /// as the store's push arrives, within a second at most; this node has refused them since it
    /// was called.
    /// </summary>
    /// <param name="principal">The name that <see cref="ClusterSessionOptions.Principal"/> gives of
    /// their requests.</param>
    /// <returns>
    /// How many nodes serve these sessions, and how many of them are known to refuse them by now;
    /// they are waited for, a second at most. A node that has not heard by then is no failure.
    /// </returns>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    /// <exception cref="SessionUnavailableException">
    /// The store has not taken it within <see cref="OutageOptions.HardTimeout"/>. This node refuses
    /// the sessions all the same, and sends it on until the store takes it, unless it is stopped
    /// before; calling again is harmless.
    /// </exception>
    /// <remarks>
    /// A session is theirs from the request in which it was first used while they were logged in.
    /// It is ended, and so is a login of a cookie scheme with
    /// <see cref="ClusterSessionBuilder.AddTicketStore"/>, if the request that logged them in began
    /// before its node had heard of this end: no clocks are compared, and a login that is still
    /// under way is ended too. What the calling request itself stores afterwards counts as stored
    /// after this end and stays, if the request is known here. It is known with AddTicketStore or
    /// AddHttpContextAccessor, and with the overload that is given it. Without a ticket store a
    /// login cookie is for the application to refuse.
    /// <para>
    /// The first end of a principal is sent at once. Further ends of the same principal by this
    /// node within a second are sent together when the second is over, and their calls return then.
    /// </para>
    /// </remarks>
    Task<EndAllResult> EndAllAsync(string principal);

    /// <summary>
    /// Logs somebody out everywhere but here, as after a change of the password: the session of a
    /// request, and the logins of cookie schemes
    /// that it was authenticated by, stay. Else as <see cref="EndAllAsync(string)"/>.
    /// </summary>
    /// <param name="principal">The name that <see cref="ClusterSessionOptions.Principal"/> gives of
    /// their requests.</param>
    /// <param name="exceptCurrent">The request whose session and login stay. What it has changed in
    /// the session so far is committed.</param>
    /// <returns>As of <see cref="EndAllAsync(string)"/>.</returns>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    /// <exception cref="SessionUnavailableException">
    /// As of <see cref="EndAllAsync(string)"/>. Also if it could not be stored that the session and
    /// the login stay: then nothing has ended.
    /// </exception>
    Task<EndAllResult> EndAllAsync(string principal, HttpContext exceptCurrent);

    /// <summary>
    /// Gives all nodes a new key that signs session cookies, at once: every node that reaches the
    /// store signs with it as soon as the store's push arrives, within a second at most. Without
    /// revocation sessions go on, and their cookies are renewed at their next request.
    /// </summary>
    /// <param name="revoke">
    /// Whether all older keys are removed: every earlier cookie is refused then, on those nodes
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
