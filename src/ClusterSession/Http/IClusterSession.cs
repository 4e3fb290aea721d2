using System.Diagnostics.CodeAnalysis;
using ClusterSession.Records;
using ClusterSession.Stores;
using Microsoft.AspNetCore.Http;

namespace ClusterSession;

/// <summary>
/// The session of a request, with what a cluster adds to <see cref="ISession"/>. It is opened
/// before the endpoint runs, so that nothing here blocks. Not thread-safe, as the HttpContext it
/// belongs to.
/// </summary>
public interface IClusterSession : ISession
{
    /// <summary>The newest commit this copy contains; after a commit, that commit.</summary>
    SessionVersion Version { get; }

    /// <summary>
    /// Whether nothing is stored under the session's id: it was never committed, has ended, or
    /// could not be read.
    /// </summary>
    bool IsNew { get; }

    /// <summary>
    /// Whether this copy lacks something that the client has seen acknowledged, because the store
    /// lost it and nobody else had it; or may lack it, because other nodes committed beside this
    /// one and the store, which has both, is not responding now. Never silent: it is counted and
    /// logged as well.
    /// </summary>
    bool IsRegressed { get; }

    /// <summary>Where this request's copy came from.</summary>
    SessionSource Source { get; }

    /// <summary>
    /// When a commit of this request counts as done. Starts as the endpoint or the options say.
    /// </summary>
    SessionDurability Durability { get; set; }

    /// <summary>Reads an attribute through the configured serializer.</summary>
    /// <typeparam name="T">Its type.</typeparam>
    /// <param name="key">Its name.</param>
    /// <returns>The value, or the type's default if there is none.</returns>
    [return: MaybeNull]
    T Get<T>(string key);

    /// <summary>Writes an attribute through the configured serializer.</summary>
    /// <typeparam name="T">Its type.</typeparam>
    /// <param name="key">Its name.</param>
    /// <param name="value">The value; bytes that are the same as before are no change.</param>
    void Set<T>(string key, T value);

    /// <summary>
    /// Gives the session a new id and ends the old one at once, as belongs after a login. The data
    /// moves whole.
    /// </summary>
    /// <param name="cancellationToken">Not used: <see cref="OutageOptions.HardTimeout"/> bounds the
    /// wait.</param>
    /// <exception cref="SessionUnavailableException">The id could not be changed, and nothing more
    /// of this request is kept. The store did not respond or refused: then the session keeps its
    /// id. Or the session could not be opened. Or this request has changed a session that another
    /// request has ended, or given to another person.</exception>
    /// <exception cref="InvalidOperationException">The endpoint may only read the session, the
    /// headers have left, or the request has ended.</exception>
    Task RotateIdAsync(CancellationToken cancellationToken = default);

    /// <summary>Destroys the session on every node. Later writes of this request begin a new one
    /// with a new id.</summary>
    /// <param name="cancellationToken">Not used: <see cref="OutageOptions.HardTimeout"/> bounds the
    /// wait.</param>
    /// <exception cref="SessionUnavailableException">
    /// The store has not taken the end. With <see cref="StoreFailure.Unknown"/> or <see
    /// cref="StoreFailure.Undecided"/> it may have it; this node refuses the session and sends the
    /// end until the store takes it, and the client's cookie is deleted all the same. Only a full
    /// journal (<see cref="OutageOptions.JournalSessions"/>) keeps nothing. With any other failure
    /// nothing has ended.
    /// </exception>
    /// <exception cref="InvalidOperationException">The endpoint may only read the session, or the
    /// request has ended.</exception>
    Task DestroyAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// As <see cref="DestroyAsync"/>, but says as a value that the store has not taken the end yet:
    /// for applications that let the user go and say so.
    /// </summary>
    /// <param name="cancellationToken">Not used: <see cref="OutageOptions.HardTimeout"/> bounds the
    /// wait.</param>
    /// <exception cref="SessionUnavailableException">The store has not taken the end, and this node
    /// could not keep it: its journal is full, or the session could not be opened.</exception>
    /// <exception cref="InvalidOperationException">The endpoint may only read the session, or the
    /// request has ended.</exception>
    Task<SessionDestroyOutcome> TryDestroyAsync(CancellationToken cancellationToken = default);
}
