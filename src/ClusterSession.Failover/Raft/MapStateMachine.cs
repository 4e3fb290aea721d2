using System.Buffers;
using System.Globalization;
using ClusterSession.Failover.Leases;
using DotNext.IO;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;

namespace ClusterSession.Failover.Raft;

/// <summary>
/// The map behind the log: applies entries, writes and reads snapshots. Thread-safe.
/// </summary>
internal sealed class MapStateMachine(DirectoryInfo directory, long snapshotInterval, Func<Task>? beforeRestore = null)
    : SimpleStateMachine(directory)
{
    private readonly Lock _gate = new();
    private readonly CoordinationMap _map = new();
    private long _appliedIndex;

    /// <summary>Index of the last entry or snapshot that the map contains.</summary>
    public long AppliedIndex => Interlocked.Read(ref _appliedIndex);

    public ClusterRecord Find(string cluster)
    {
        lock (_gate)
        {
            return _map.Find(cluster);
        }
    }

    public KeyValuePair<string, ClusterRecord>[] All()
    {
        lock (_gate)
        {
            return [.. _map.Clusters];
        }
    }

    public ReadOnlyMemory<byte> Snapshot()
    {
        lock (_gate)
        {
            return MapSnapshot.Encode(_map);
        }
    }

    protected override ValueTask<bool> ApplyAsync(LogEntry entry, CancellationToken token)
    {
        var isEmpty = !entry.TryGetPayload(out var payload) || payload.IsEmpty;
        lock (_gate)
        {
            if (isEmpty)
            {
                _map.Pass(entry.Term);
            }
            else
            {
                var operation = Operation.DecodeEntry(payload.IsSingleSegment ? payload.FirstSpan : payload.ToArray());
                var answer = _map.Apply(operation, entry.Term);
                (entry.Context as Outcome)?.Set(operation.Id, answer);
            }
        }

        Interlocked.Exchange(ref _appliedIndex, entry.Index);
        return new ValueTask<bool>(entry.Index % snapshotInterval == 0);
    }

    protected override ValueTask PersistAsync(IAsyncBinaryWriter writer, CancellationToken token) =>
        writer.Invoke(Snapshot(), token);

    /// <summary>
    /// Does not heed the token: it is cancelled when the leader no longer waits, and a snapshot
    /// that is given up half-way is sent again for ever.
    /// </summary>
    protected override async ValueTask RestoreAsync(FileInfo snapshotFile, CancellationToken token)
    {
        if (beforeRestore is not null)
        {
            await beforeRestore().ConfigureAwait(false);
        }

        var bytes = await File.ReadAllBytesAsync(snapshotFile.FullName, CancellationToken.None).ConfigureAwait(false);
        lock (_gate)
        {
            MapSnapshot.Decode(bytes, _map);
        }

        // A snapshot's file is named by its index and its term.
        var index = long.Parse(snapshotFile.Name.Split('-')[0], CultureInfo.InvariantCulture);
        Interlocked.Exchange(ref _appliedIndex, index);
    }
}
