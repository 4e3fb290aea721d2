namespace ClusterSession.Failover.Coordination;

/// <summary>
/// The coordination store, on which all agents of a cluster agree: one lease and one document for
/// each cluster name. Outcomes are values. Exceptions mean a wrong argument, that the caller
/// cancelled, that a person has to mend the store's content or its access
/// (<see cref="InvalidDataException"/>), or that the store cannot hold this cluster or so long a
/// lease (<see cref="InvalidOperationException"/>).
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item>The holder counts a lease from before it asked, the store from when it has applied the
/// grant, so that the holder stops first. Both count by a clock that a change of the time of
/// day does not move and that goes on while the machine is suspended.</item>
/// <item>When the store changes its leader, each running lease gets its full ttl again.</item>
/// <item>An operation may be repeated under its id for as long as that is remembered: the last 64
/// changes of that cluster. A later repeat is refused as a conflict, and done never
/// twice.</item>
/// </list>
/// </remarks>
public interface IFailoverCoordinator
{
    /// <summary>The clock of <c>CountedFrom</c>, for the holder's own arithmetic.</summary>
    TimeProvider Clock { get; }

    /// <summary>Reads lease and document. Linearizable.</summary>
    /// <param name="cluster">Name of the cluster, 1 to 100 characters.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    ValueTask<ReadResult> ReadAsync(string cluster, CancellationToken cancellationToken = default);

    /// <summary>
    /// Takes a free lease and writes the document in one step, if epoch and version of the document
    /// are those of <paramref name="seen"/>.
    /// </summary>
    /// <param name="id">The same for a repeat, else a new one.</param>
    /// <param name="cluster">Name of the cluster, 1 to 100 characters.</param>
    /// <param name="holder">Who will hold it, 1 to 200 characters.</param>
    /// <param name="ttl">How long each grant and each renewal lasts; 100 ms to 1 h.</param>
    /// <param name="seen">The state that the caller decided on.</param>
    /// <param name="document">The new document, at most 32,768 bytes.</param>
    /// <param name="cancellationToken">Ends the waiting; the outcome is unknown then.</param>
    /// <exception cref="InvalidOperationException">The store holds 32 clusters already.</exception>
    ValueTask<AcquireResult> AcquireAsync(
        OperationId id,
        string cluster,
        string holder,
        TimeSpan ttl,
        CoordinationState seen,
        ReadOnlyMemory<byte> document,
        CancellationToken cancellationToken = default
    );

    /// <summary>
    /// Lets a lease that is still running run for its ttl again. A holder that has forgotten its
    /// epoch, as an agent that was restarted, reads it first.
    /// </summary>
    /// <param name="cluster">Name of the cluster, 1 to 100 characters.</param>
    /// <param name="holder">Who holds it.</param>
    /// <param name="epoch">Number of the grant.</param>
    /// <param name="cancellationToken">Ends the waiting; the outcome is unknown then.</param>
    ValueTask<RenewResult> RenewAsync(
        string cluster,
        string holder,
        long epoch,
        CancellationToken cancellationToken = default
    );

    /// <summary>Releases a lease before it expires.</summary>
    /// <param name="id">The same for a repeat, else a new one.</param>
    /// <param name="cluster">Name of the cluster, 1 to 100 characters.</param>
    /// <param name="holder">Who holds it.</param>
    /// <param name="epoch">Number of the grant.</param>
    /// <param name="document">A new document, at most 32,768 bytes; null: it stays.</param>
    /// <param name="seenVersion">With a new document: the version that it takes the place
    /// of.</param>
    /// <param name="cancellationToken">Ends the waiting; the outcome is unknown then.</param>
    ValueTask<ReleaseResult> ReleaseAsync(
        OperationId id,
        string cluster,
        string holder,
        long epoch,
        ReadOnlyMemory<byte>? document = null,
        long seenVersion = 0,
        CancellationToken cancellationToken = default
    );

    /// <summary>Writes the document if its version is the one that the caller has seen.</summary>
    /// <param name="id">The same for a repeat, else a new one.</param>
    /// <param name="cluster">Name of the cluster, 1 to 100 characters.</param>
    /// <param name="seenVersion">Version that the caller decided on; 0: there is none yet.</param>
    /// <param name="document">The new document, at most 32,768 bytes.</param>
    /// <param name="epoch">Only while the lease of this grant is held; null: without regard to the
    /// holder.</param>
    /// <param name="cancellationToken">Ends the waiting; the outcome is unknown then.</param>
    /// <exception cref="InvalidOperationException">The store holds 32 clusters already.</exception>
    ValueTask<WriteResult> WriteAsync(
        OperationId id,
        string cluster,
        long seenVersion,
        ReadOnlyMemory<byte> document,
        long? epoch = null,
        CancellationToken cancellationToken = default
    );
}
