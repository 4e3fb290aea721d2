using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Face;

namespace ClusterSession.Failover.Following;

/// <summary>
/// The coordinator as a follower has it: what the agents answer. It can only be read. Its lease is
/// always another's. So a decider that reads it lets its Redis follow, and never takes part in an
/// election.
/// </summary>
internal sealed class ClusterReader : IFailoverCoordinator
{
    /// <summary>A dead agent must not take the time in which the others answer.</summary>
    private const int PartsOfTheDeadline = 2;

    private readonly ClusterMember _self;
    private readonly FollowerLedger _ledger;
    private readonly (IAgentStatusReader Agent, Poll<ClusterStatus?> Poll)[] _agents;
    private byte[] _document = [];
    private long _version;
    private long _highest;

    /// <param name="self">The follower.</param>
    /// <param name="agents">The agents of the members.</param>
    /// <param name="ledger">Its ledger.</param>
    /// <param name="timings">Durations and limits, alike on all agents of a cluster.</param>
    /// <param name="time">The clock of deadlines.</param>
    /// <param name="clock">The clock of durations.</param>
    public ClusterReader(
        ClusterMember self,
        IEnumerable<IAgentStatusReader> agents,
        FollowerLedger ledger,
        FailoverTimings timings,
        TimeProvider time,
        TimeProvider clock
    )
    {
        (_self, _ledger, Clock) = (self, ledger, clock);
        _agents =
        [
            .. agents.Select(agent =>
                (
                    agent,
                    new Poll<ClusterStatus?>(
                        null,
                        static answer => answer is not null,
                        timings.Deadline / PartsOfTheDeadline,
                        time
                    )
                )
            ),
        ];
    }

    /// <inheritdoc/>
    public TimeProvider Clock { get; }

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">The answers cannot be gone by; says why.</exception>
    public async ValueTask<ReadResult> ReadAsync(string cluster, CancellationToken cancellation = default)
    {
        var answers = await Task.WhenAll(
                _agents.Select(one => one.Poll.AskAsync(() => one.Agent.ReadAsync(cancellation)))
            )
            .ConfigureAwait(false);
        if (answers.FirstOrDefault(answer => answer is not null && answer.Cluster != cluster) is { } foreign)
        {
            throw new InvalidDataException(
                $"The agent of {foreign.Self} is of the cluster {foreign.Cluster}, and this follower of {cluster}. "
                    + "Correct Cluster, or the addresses of Members."
            );
        }

        // An agent that was cut off goes on answering what it knew: a lease that is over names
        // nobody.
        if (FollowedCluster.Freshest(answers) is not { } status || status.Lease.Epoch < _highest)
        {
            return new ReadResult.Unreachable();
        }

        _highest = status.Lease.Epoch;
        _ledger.AnsweredAt = status.LookedAt!.Value;
        var document = FollowedCluster.Document(status, _self, _ledger.Line).Write();
        if (!document.AsSpan().SequenceEqual(_document))
        {
            (_document, _version) = (document, _version + 1);
        }

        // The name may be that of a member that was forgotten while it held the lease.
        var holder = status.Lease.Holder == _self.Name ? null : status.Lease.Holder;
        return new ReadResult.Read(
            new CoordinationState(holder, status.Lease.Epoch, IsHeld: true, _version, _document)
        );
    }

    /// <inheritdoc/>
    public ValueTask<AcquireResult> AcquireAsync(
        OperationId id,
        string cluster,
        string holder,
        TimeSpan ttl,
        CoordinationState seen,
        ReadOnlyMemory<byte> document,
        CancellationToken cancellation = default
    ) => throw ReadingOnly();

    /// <inheritdoc/>
    public ValueTask<RenewResult> RenewAsync(
        string cluster,
        string holder,
        long epoch,
        CancellationToken cancellation = default
    ) => throw ReadingOnly();

    /// <inheritdoc/>
    public ValueTask<ReleaseResult> ReleaseAsync(
        OperationId id,
        string cluster,
        string holder,
        long epoch,
        ReadOnlyMemory<byte>? document = null,
        long seenVersion = 0,
        CancellationToken cancellation = default
    ) => throw ReadingOnly();

    /// <inheritdoc/>
    public ValueTask<WriteResult> WriteAsync(
        OperationId id,
        string cluster,
        long seenVersion,
        ReadOnlyMemory<byte> document,
        long? epoch = null,
        CancellationToken cancellation = default
    ) => throw ReadingOnly();

    private static InvalidOperationException ReadingOnly() => new("A follower takes no lease and writes nothing.");
}
