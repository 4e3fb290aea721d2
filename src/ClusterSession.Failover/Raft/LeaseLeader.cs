using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Diagnostics;
using ClusterSession.Failover.Leases;
using DotNext.Net.Cluster.Consensus.Raft;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Failover.Raft;

/// <summary>
/// What the leader does: it alone knows when a lease expires. Every operation begins with a round
/// to a majority, so that a leader that was frozen finds out before it answers.
/// </summary>
internal sealed class LeaseLeader(
    IRaftCluster cluster,
    MapStateMachine map,
    RaftCoordinatorOptions options,
    ILogger logger
) : IDisposable
{
    // Renewals do not take this: leases would expire while they wait for a slow disk.
    private readonly SemaphoreSlim _writing = new(1);
    private Reign? _reign;

    /// <summary>Whether this server leads, and its deadlines are set.</summary>
    public bool IsLeading => Volatile.Read(ref _reign) is { } reign && Leads(reign);

    /// <summary>Begins a reign whenever this server is elected, until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            var token = await cluster.WaitForLeadershipAsync(stopping).ConfigureAwait(false);
            if (Volatile.Read(ref _reign)?.Token != token)
            {
                Begin(token);
            }

            using var over = CancellationTokenSource.CreateLinkedTokenSource(token, stopping);
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, over.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

            // DotNext may take a moment to forget a leadership that is over.
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, stopping)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Answers, or says that this server does not lead and has done nothing.</summary>
    public async Task<Answer> ExecuteAsync(Operation operation, CancellationToken cancellation)
    {
        if (Volatile.Read(ref _reign) is not { } reign || !Leads(reign))
        {
            return Answer.NotLeader;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation, reign.Token);
        limit.CancelAfter(options.OperationTimeout);
        try
        {
            await cluster.ApplyReadBarrierAsync(ReadBarrierType.Strong, limit.Token).ConfigureAwait(false);
            if (operation.Kind is OperationKind.Read or OperationKind.Renew)
            {
                return Leads(reign) ? reign.Decide(() => AnswerAt(reign, operation)) : Answer.NotLeader;
            }

            await _writing.WaitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (IsUsual(failure))
        {
            return Answer.NotLeader;
        }

        try
        {
            return !Leads(reign)
                ? Answer.NotLeader
                : reign.Decide(() => Decide(reign, operation))
                    ?? await ReplicateAsync(reign, operation, limit.Token).ConfigureAwait(false);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _writing.Dispose();

    /// <summary>Once for each leadership: two reigns of one could disagree on a lease.</summary>
    private void Begin(CancellationToken token)
    {
        var reign = new Reign(cluster.AuditTrail.Term, options.Clock, token);
        foreach (var (name, record) in map.All())
        {
            reign.IsRunning(name, record); // Counted from now.
        }

        Volatile.Write(ref _reign, reign);
        if (!token.IsCancellationRequested)
        {
            logger.Leads(reign.Term);
        }
    }

    private static bool IsUsual(Exception failure) =>
        failure
            is OperationCanceledException
                or NotLeaderException
                or QuorumUnreachableException
                or TimeoutException
                or HttpRequestException
                or IOException
                or InvalidOperationException;

    /// <summary>The same token before and after a wait: it led all the time between.</summary>
    private bool Leads(Reign reign) => !reign.Token.IsCancellationRequested && cluster.LeadershipToken == reign.Token;

    private Answer AnswerAt(Reign reign, Operation operation)
    {
        var record = map.Find(operation.Cluster);
        return operation.Kind == OperationKind.Read ? Say(AnswerKind.Done, reign, operation, record)
            : record.IsOf(operation.Holder, operation.Epoch) && reign.TryRenew(operation.Cluster, record)
                ? Say(AnswerKind.Done, reign, operation, record)
            : Say(AnswerKind.Lost, reign, operation, record);
    }

    /// <summary>
    /// Decides what needs a clock, and what the map would refuse anyway. Null: the operation has to
    /// go to the log.
    /// </summary>
    private Answer? Decide(Reign reign, Operation operation)
    {
        var record = map.Find(operation.Cluster);
        if (record.Find(operation.Id) is { } done)
        {
            return Repeated(reign, operation, record, done);
        }

        if (operation.Kind == OperationKind.Acquire)
        {
            return reign.IsRunning(operation.Cluster, record) ? Say(AnswerKind.Held, reign, operation, record) : null;
        }

        var needsLease = operation.Kind == OperationKind.Release || operation.Epoch != 0;
        if (needsLease && (record.Epoch != operation.Epoch || !reign.IsRunning(operation.Cluster, record)))
        {
            return Say(AnswerKind.Lost, reign, operation, record);
        }

        if (operation.Kind == OperationKind.Release && record.IsOf(operation.Holder, operation.Epoch))
        {
            if (operation.Document is not null && operation.Version != record.Version)
            {
                return Say(AnswerKind.Conflict, reign, operation, record);
            }

            reign.Releases(operation.Cluster, operation.Epoch);
        }

        return null;
    }

    /// <summary>A repeated grant counts from the repeat, so it is a renewal.</summary>
    private static Answer Repeated(Reign reign, Operation operation, ClusterRecord record, DoneOperation done)
    {
        var answer =
            operation.Kind != OperationKind.Acquire ? AnswerKind.Done
            : record.IsOf(operation.Holder, done.Epoch) && reign.TryRenew(operation.Cluster, record) ? AnswerKind.Done
            : AnswerKind.Conflict;
        var said = Say(answer, reign, operation, record);
        return answer == AnswerKind.Done
            ? said with
            {
                State = said.State with { Epoch = done.Epoch, Version = done.Version },
            }
            : said;
    }

    private static Answer Say(AnswerKind kind, Reign reign, Operation operation, ClusterRecord record) =>
        new(kind, record.State(reign.IsRunning(operation.Cluster, record)));

    private async Task<Answer> ReplicateAsync(Reign reign, Operation operation, CancellationToken cancellation)
    {
        var outcome = new Outcome(operation.Id);
        var entry = new BinaryLogEntry
        {
            Term = reign.Term,
            Content = operation.Encode(),
            Context = outcome,
        };
        try
        {
            await cluster.ReplicateAsync(entry, cancellation).ConfigureAwait(false);
        }
        catch (Exception failure) when (IsUsual(failure))
        {
            // It may be committed all the same; the outcome says so where it was applied here.
        }

        if (outcome.Answer is not { } answer)
        {
            return Answer.Unknown;
        }

        return reign.Decide(() => Counted(reign, operation, answer));
    }

    /// <summary>
    /// A grant that was applied counts from now, unless another has followed it meanwhile.
    /// </summary>
    private Answer Counted(Reign reign, Operation operation, Answer answer)
    {
        var record = map.Find(operation.Cluster);
        if (
            answer.Kind == AnswerKind.Done
            && operation.Kind == OperationKind.Acquire
            && !(record.IsOf(operation.Holder, answer.State.Epoch) && reign.TryRenew(operation.Cluster, record))
        )
        {
            return Say(AnswerKind.Conflict, reign, operation, record);
        }

        return answer with
        {
            State = answer.State with { IsHeld = reign.IsRunning(operation.Cluster, record) },
        };
    }
}
