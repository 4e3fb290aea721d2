using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Leases;

namespace ClusterSession.Failover.Tests.Face;

/// <summary>
/// A coordination store in memory that counts by a test's clock: the map of the real one.
/// </summary>
internal sealed class MemoryCoordinator(TimeProvider time) : IFailoverCoordinator
{
    private readonly Lock _lock = new();
    private readonly CoordinationMap _map = new();
    private long _grantedAt;

    public TimeProvider Clock => time;

    /// <summary>Nobody reaches it.</summary>
    public bool IsDown { get; set; }

    public ValueTask<ReadResult> ReadAsync(string cluster, CancellationToken cancellation = default) =>
        ValueTask.FromResult<ReadResult>(IsDown ? new ReadResult.Unreachable() : new ReadResult.Read(State(cluster)));

    public ValueTask<AcquireResult> AcquireAsync(
        OperationId id,
        string cluster,
        string holder,
        TimeSpan ttl,
        CoordinationState seen,
        ReadOnlyMemory<byte> document,
        CancellationToken cancellation = default
    )
    {
        var state = State(cluster);
        if (state.IsHeld || IsDown)
        {
            return ValueTask.FromResult<AcquireResult>(
                IsDown ? new AcquireResult.Unknown() : new AcquireResult.Held(state)
            );
        }

        var answer = Apply(
            new Operation(OperationKind.Acquire, id, cluster)
            {
                Holder = holder,
                Epoch = seen.Epoch,
                Version = seen.Version,
                Document = document,
                TtlMilliseconds = (long)ttl.TotalMilliseconds,
            }
        );
        _grantedAt = answer.Kind == AnswerKind.Done ? time.GetTimestamp() : _grantedAt;
        return ValueTask.FromResult<AcquireResult>(
            answer.Kind == AnswerKind.Done
                ? new AcquireResult.Granted(answer.State.Epoch, answer.State.Version, _grantedAt)
                : new AcquireResult.Conflict(State(cluster))
        );
    }

    public ValueTask<RenewResult> RenewAsync(
        string cluster,
        string holder,
        long epoch,
        CancellationToken cancellation = default
    )
    {
        var state = State(cluster);
        if (IsDown)
        {
            return ValueTask.FromResult<RenewResult>(new RenewResult.Unknown());
        }

        if (!state.IsHeld || state.LastHolder != holder || state.Epoch != epoch)
        {
            return ValueTask.FromResult<RenewResult>(new RenewResult.Lost());
        }

        _grantedAt = time.GetTimestamp();
        return ValueTask.FromResult<RenewResult>(new RenewResult.Renewed(_grantedAt, state.Ttl));
    }

    public ValueTask<ReleaseResult> ReleaseAsync(
        OperationId id,
        string cluster,
        string holder,
        long epoch,
        ReadOnlyMemory<byte>? document = null,
        long seenVersion = 0,
        CancellationToken cancellation = default
    ) =>
        ValueTask.FromResult<ReleaseResult>(
            IsDown ? new ReleaseResult.Unknown()
            : Apply(
                new Operation(OperationKind.Release, id, cluster)
                {
                    Holder = holder,
                    Epoch = epoch,
                    Document = document,
                    Version = seenVersion,
                }
            ).Kind == AnswerKind.Done
                ? new ReleaseResult.Released()
            : new ReleaseResult.Lost()
        );

    public ValueTask<WriteResult> WriteAsync(
        OperationId id,
        string cluster,
        long seenVersion,
        ReadOnlyMemory<byte> document,
        long? epoch = null,
        CancellationToken cancellation = default
    )
    {
        if (IsDown)
        {
            return ValueTask.FromResult<WriteResult>(new WriteResult.Unknown());
        }

        var answer = Apply(
            new Operation(OperationKind.Write, id, cluster)
            {
                Epoch = epoch ?? 0,
                Version = seenVersion,
                Document = document,
            }
        );
        return ValueTask.FromResult<WriteResult>(
            answer.Kind == AnswerKind.Done
                ? new WriteResult.Written(answer.State.Version)
                : new WriteResult.Conflict(State(cluster))
        );
    }

    private Answer Apply(Operation operation)
    {
        lock (_lock)
        {
            return _map.Apply(operation, 1);
        }
    }

    private CoordinationState State(string cluster)
    {
        lock (_lock)
        {
            var record = _map.Find(cluster);
            return record.State(
                record.Holder is not null && time.GetElapsedTime(_grantedAt).TotalMilliseconds < record.TtlMilliseconds
            );
        }
    }
}
