using System.Text.Json;
using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Documents;

namespace ClusterSession.Failover.Agents;

/// <summary>
/// The coordination store of one cluster, whose epochs are raised by what the document says
/// (<see cref="ClusterDocument.EpochBase"/>). A store that was lost counts from one again, and a
/// Redis with data of epoch 7 opens under no lease below.
/// </summary>
/// <remarks>
/// Epoch of the agents = epoch of the store + base. The base is in the document, so that it is
/// never read apart from the epoch that it belongs to, and every agent adds the same. It is raised
/// by a command, under a version, and never lowered. When it is raised, the epoch of a
/// lease that is held grows: its holder reads the epoch again, and begins its change anew.
/// Rejected: a store that grants what it is asked for, which ZooKeeper cannot (its epoch is the
/// number of a transaction).
/// </remarks>
internal sealed class RaisedEpochs(IFailoverCoordinator store) : IFailoverCoordinator
{
    private long _base;

    public TimeProvider Clock => store.Clock;

    public async ValueTask<ReadResult> ReadAsync(string cluster, CancellationToken cancellationToken)
    {
        var result = await store.ReadAsync(cluster, cancellationToken).ConfigureAwait(false);
        return result is ReadResult.Read read ? new ReadResult.Read(Raised(read.State)) : result;
    }

    public async ValueTask<AcquireResult> AcquireAsync(
        OperationId id,
        string cluster,
        string holder,
        TimeSpan ttl,
        CoordinationState seen,
        ReadOnlyMemory<byte> document,
        CancellationToken cancellationToken
    )
    {
        var lowered = seen with { Epoch = seen.Epoch - BaseOf(seen.Document) };
        var result = await store
            .AcquireAsync(id, cluster, holder, ttl, lowered, document, cancellationToken)
            .ConfigureAwait(false);
        return result switch
        {
            AcquireResult.Granted granted => granted with { Epoch = granted.Epoch + BaseOf(document) },
            AcquireResult.Held held => new AcquireResult.Held(Raised(held.State)),
            AcquireResult.Conflict conflict => new AcquireResult.Conflict(Raised(conflict.State)),
            _ => result,
        };
    }

    public ValueTask<RenewResult> RenewAsync(
        string cluster,
        string holder,
        long epoch,
        CancellationToken cancellationToken
    ) =>
        Lowered(epoch) is { } granted
            ? store.RenewAsync(cluster, holder, granted, cancellationToken)
            : ValueTask.FromResult<RenewResult>(new RenewResult.Lost());

    public async ValueTask<ReleaseResult> ReleaseAsync(
        OperationId id,
        string cluster,
        string holder,
        long epoch,
        ReadOnlyMemory<byte>? document,
        long seenVersion,
        CancellationToken cancellationToken
    )
    {
        if (Lowered(epoch) is not { } granted)
        {
            return new ReleaseResult.Lost();
        }

        var result = await store
            .ReleaseAsync(id, cluster, holder, granted, document, seenVersion, cancellationToken)
            .ConfigureAwait(false);
        return result is ReleaseResult.Conflict conflict ? new ReleaseResult.Conflict(Raised(conflict.State)) : result;
    }

    public async ValueTask<WriteResult> WriteAsync(
        OperationId id,
        string cluster,
        long seenVersion,
        ReadOnlyMemory<byte> document,
        long? epoch,
        CancellationToken cancellationToken
    )
    {
        var granted = epoch is { } given ? Lowered(given) : null;
        if (epoch is not null && granted is null)
        {
            return new WriteResult.Lost();
        }

        var result = await store
            .WriteAsync(id, cluster, seenVersion, document, granted, cancellationToken)
            .ConfigureAwait(false);
        return result is WriteResult.Conflict conflict ? new WriteResult.Conflict(Raised(conflict.State)) : result;
    }

    private CoordinationState Raised(CoordinationState state)
    {
        var raise = BaseOf(state.Document);
        Volatile.Write(ref _base, raise);
        return state with { Epoch = state.Epoch + raise };
    }

    /// <summary>The store's own number of a grant; null: it was of another base.</summary>
    private long? Lowered(long epoch) => epoch - Volatile.Read(ref _base) is > 0 and var granted ? granted : null;

    /// <summary>
    /// A document that cannot be read has the base that was seen last: its agent does nothing with
    /// it, and renews nothing.
    /// </summary>
    private long BaseOf(ReadOnlyMemory<byte> document)
    {
        if (document.IsEmpty)
        {
            return 0;
        }

        try
        {
            return JsonSerializer.Deserialize(document.Span, DocumentJson.Default.DocumentFormat)!.EpochBase;
        }
        catch (JsonException)
        {
            return Volatile.Read(ref _base);
        }
    }
}
