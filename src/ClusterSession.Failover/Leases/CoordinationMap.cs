using ClusterSession.Failover.Coordination;

namespace ClusterSession.Failover.Leases;

/// <summary>
/// What all servers agree on: each applies the same operations in the same order and comes to the
/// same answers. Knows no clock: whether a lease has expired is decided by the leader before it
/// writes the entry. Not thread-safe.
/// </summary>
internal sealed class CoordinationMap
{
    /// <summary>Snapshots must travel within one deadline of the transport.</summary>
    public const int MaxClusters = 32;

    private Dictionary<string, ClusterRecord> _clusters = new(StringComparer.Ordinal);

    /// <summary>Highest term of the entries that were applied.</summary>
    public long Term { get; private set; }

    public IReadOnlyDictionary<string, ClusterRecord> Clusters => _clusters;

    public ClusterRecord Find(string cluster) => _clusters.GetValueOrDefault(cluster, ClusterRecord.None);

    /// <summary>An entry that changes nothing: the first one of a new leader.</summary>
    public void Pass(long term) => Term = Math.Max(Term, term);

    /// <summary>
    /// Applies an entry. Its term is that of the reign in which it was decided; it is refused where
    /// a later reign has begun, since that has given the leases anew. An entry with a value out of
    /// its range is refused alike on all servers: one that threw here would stop each of them for
    /// good.
    /// </summary>
    public Answer Apply(Operation operation, long term)
    {
        var record = Find(operation.Cluster);
        if (term < Term)
        {
            return Refused(AnswerKind.Conflict, record);
        }

        Term = term;
        if (!operation.IsInRange)
        {
            return Refused(AnswerKind.Conflict, record);
        }

        if (record.Find(operation.Id) is { } done)
        {
            return Repeated(operation, record, done);
        }

        return operation.Kind switch
        {
            OperationKind.Acquire => Acquire(operation, record),
            OperationKind.Release => Release(operation, record),
            OperationKind.Write => Write(operation, record),
            _ => Refused(AnswerKind.Conflict, record),
        };
    }

    /// <summary>Takes the place of all that was known.</summary>
    public void Restore(long term, Dictionary<string, ClusterRecord> clusters)
    {
        Term = term;
        _clusters = clusters;
    }

    /// <summary>
    /// A grant that has passed meanwhile is not answered as a grant: the caller would count it from
    /// now.
    /// </summary>
    private static Answer Repeated(Operation operation, ClusterRecord record, DoneOperation done)
    {
        if (operation.Kind == OperationKind.Acquire && !record.IsOf(operation.Holder, done.Epoch))
        {
            return Refused(AnswerKind.Conflict, record);
        }

        var state = record.State(record.Holder is not null);
        return new Answer(AnswerKind.Done, state with { Epoch = done.Epoch, Version = done.Version });
    }

    private static Answer Refused(AnswerKind kind, ClusterRecord record) =>
        new(kind, record.State(record.Holder is not null));

    private Answer Acquire(Operation operation, ClusterRecord record)
    {
        if (record.Epoch != operation.Epoch || record.Version != operation.Version || operation.Document is null)
        {
            return Refused(AnswerKind.Conflict, record);
        }

        return Change(
            operation,
            record with
            {
                Holder = operation.Holder,
                Epoch = record.Epoch + 1,
                TtlMilliseconds = operation.TtlMilliseconds,
            }
        );
    }

    private Answer Release(Operation operation, ClusterRecord record) =>
        !record.IsOf(operation.Holder, operation.Epoch) ? Refused(AnswerKind.Lost, record)
        : operation.Document is not null && operation.Version != record.Version ? Refused(AnswerKind.Conflict, record)
        : Change(operation, record with { Holder = null });

    private Answer Write(Operation operation, ClusterRecord record)
    {
        if (operation.Epoch != 0 && (record.Holder is null || record.Epoch != operation.Epoch))
        {
            return Refused(AnswerKind.Lost, record);
        }

        return record.Version == operation.Version && operation.Document is not null
            ? Change(operation, record)
            : Refused(AnswerKind.Conflict, record);
    }

    private Answer Change(Operation operation, ClusterRecord record)
    {
        if (!_clusters.ContainsKey(operation.Cluster) && _clusters.Count >= MaxClusters)
        {
            return new Answer(AnswerKind.Full, CoordinationState.None);
        }

        if (operation.Document is { } document)
        {
            record = record with { Version = record.Version + 1, Document = document };
        }

        record = record.WithDone(operation.Id);
        _clusters[operation.Cluster] = record;
        return new Answer(AnswerKind.Done, record.State(record.Holder is not null));
    }
}
