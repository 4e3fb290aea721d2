using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Leases;

namespace ClusterSession.Failover.Raft;

/// <summary>
/// The coordination store as an agent sees it: sends each operation, again until it is answered.
/// </summary>
/// <param name="send">Sends it once, to the leader or to a server that forwards it.</param>
/// <param name="options">Deadline and clock.</param>
internal sealed class RaftCoordinator(
    Func<Operation, CancellationToken, Task<Answer>> send,
    RaftCoordinatorOptions options
) : IFailoverCoordinator
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan ShortestTtl = TimeSpan.FromMilliseconds(Operation.ShortestTtlMilliseconds);
    private static readonly TimeSpan LongestTtl = TimeSpan.FromMilliseconds(Operation.LongestTtlMilliseconds);

    /// <inheritdoc/>
    public TimeProvider Clock => options.Clock;

    /// <inheritdoc/>
    public async ValueTask<ReadResult> ReadAsync(string cluster, CancellationToken cancellationToken = default)
    {
        var (answer, _) = await AskAsync(New(OperationKind.Read, default, cluster), cancellationToken)
            .ConfigureAwait(false);
        return answer.Kind == AnswerKind.Done ? new ReadResult.Read(answer.State) : new ReadResult.Unreachable();
    }

    /// <inheritdoc/>
    public async ValueTask<AcquireResult> AcquireAsync(
        OperationId id,
        string cluster,
        string holder,
        TimeSpan ttl,
        CoordinationState seen,
        ReadOnlyMemory<byte> document,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(seen);
        ArgumentOutOfRangeException.ThrowIfLessThan(ttl, ShortestTtl);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ttl, LongestTtl);
        var (answer, countedFrom) = await AskAsync(
                New(OperationKind.Acquire, id, cluster) with
                {
                    Holder = Checked(holder),
                    Epoch = seen.Epoch,
                    Version = seen.Version,
                    TtlMilliseconds = (long)ttl.TotalMilliseconds,
                    Document = Checked(document),
                },
                cancellationToken
            )
            .ConfigureAwait(false);
        return answer.Kind switch
        {
            AnswerKind.Done => new AcquireResult.Granted(answer.State.Epoch, answer.State.Version, countedFrom),
            AnswerKind.Held => new AcquireResult.Held(answer.State),
            AnswerKind.Conflict => new AcquireResult.Conflict(answer.State),
            _ => new AcquireResult.Unknown(),
        };
    }

    /// <inheritdoc/>
    public async ValueTask<RenewResult> RenewAsync(
        string cluster,
        string holder,
        long epoch,
        CancellationToken cancellationToken = default
    )
    {
        var (answer, countedFrom) = await AskAsync(
                New(OperationKind.Renew, default, cluster) with
                {
                    Holder = Checked(holder),
                    Epoch = epoch,
                },
                cancellationToken
            )
            .ConfigureAwait(false);
        return answer.Kind switch
        {
            AnswerKind.Done => new RenewResult.Renewed(countedFrom, answer.State.Ttl),
            AnswerKind.Lost => new RenewResult.Lost(),
            _ => new RenewResult.Unknown(),
        };
    }

    /// <inheritdoc/>
    public async ValueTask<ReleaseResult> ReleaseAsync(
        OperationId id,
        string cluster,
        string holder,
        long epoch,
        ReadOnlyMemory<byte>? document = null,
        long seenVersion = 0,
        CancellationToken cancellationToken = default
    )
    {
        Checked(document.GetValueOrDefault());
        var (answer, _) = await AskAsync(
                New(OperationKind.Release, id, cluster) with
                {
                    Holder = Checked(holder),
                    Epoch = epoch,
                    Version = seenVersion,

                    // As it is: in "given ? bytes : null" the null would become an empty document.
                    Document = document,
                },
                cancellationToken
            )
            .ConfigureAwait(false);
        return answer.Kind switch
        {
            AnswerKind.Done => new ReleaseResult.Released(),
            AnswerKind.Conflict => new ReleaseResult.Conflict(answer.State),
            AnswerKind.Lost => new ReleaseResult.Lost(),
            _ => new ReleaseResult.Unknown(),
        };
    }

    /// <inheritdoc/>
    public async ValueTask<WriteResult> WriteAsync(
        OperationId id,
        string cluster,
        long seenVersion,
        ReadOnlyMemory<byte> document,
        long? epoch = null,
        CancellationToken cancellationToken = default
    )
    {
        if (epoch is { } given)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(given, 1, nameof(epoch));
        }

        var (answer, _) = await AskAsync(
                New(OperationKind.Write, id, cluster) with
                {
                    Epoch = epoch ?? 0,
                    Version = seenVersion,
                    Document = Checked(document),
                },
                cancellationToken
            )
            .ConfigureAwait(false);
        return answer.Kind switch
        {
            AnswerKind.Done => new WriteResult.Written(answer.State.Version),
            AnswerKind.Conflict => new WriteResult.Conflict(answer.State),
            AnswerKind.Lost => new WriteResult.Lost(),
            _ => new WriteResult.Unknown(),
        };
    }

    private static Operation New(OperationKind kind, OperationId id, string cluster)
    {
        ArgumentException.ThrowIfNullOrEmpty(cluster);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(cluster.Length, Operation.LongestCluster, nameof(cluster));
        return new Operation(kind, id, cluster);
    }

    private static string Checked(string holder)
    {
        ArgumentException.ThrowIfNullOrEmpty(holder);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(holder.Length, Operation.LongestHolder, nameof(holder));
        return holder;
    }

    private static ReadOnlyMemory<byte> Checked(ReadOnlyMemory<byte> document)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(document.Length, Operation.LargestDocument, nameof(document));
        return document;
    }

    /// <summary>
    /// The timestamp is from before the attempt that was answered: an earlier one may have been
    /// granted as well, and the leader counts it from the answered one.
    /// </summary>
    private async Task<(Answer Answer, long CountedFrom)> AskAsync(
        Operation operation,
        CancellationToken cancellationToken
    )
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var countedFrom = options.Clock.GetTimestamp();
            var answer = await send(operation, cancellationToken).ConfigureAwait(false);
            if (answer.Kind == AnswerKind.Full)
            {
                throw new InvalidOperationException(
                    $"The coordination store holds {CoordinationMap.MaxClusters} clusters, and '{operation.Cluster}' "
                        + "would be one more. Give it a store of its own."
                );
            }

            if (
                answer.Kind is not (AnswerKind.NotLeader or AnswerKind.Unknown)
                || TimeProvider.System.GetElapsedTime(started) >= options.OperationTimeout
            )
            {
                return (answer, countedFrom);
            }

            await Task.Delay(Pause, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        }
    }
}
