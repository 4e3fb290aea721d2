using DotNext.IO.Log;
using DotNext.Net.Cluster.Consensus.Raft;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;

namespace ClusterSession.Failover.Raft;

/// <summary>
/// A log whose entries are on the disk before the server acknowledges them. DotNext's own waits
/// for the disk only when an entry is committed: an entry that a majority has acknowledged could be
/// gone after a loss of power.
/// </summary>
internal sealed class DurableLog(WriteAheadLog.Options options, IStateMachine map)
    : WriteAheadLog(options, map),
        IAuditTrail<IRaftLogEntry>
{
    async ValueTask IAuditTrail<IRaftLogEntry>.AppendAsync<TEntry>(
        ILogEntryProducer<TEntry> entries,
        long startIndex,
        bool skipCommitted,
        CancellationToken token
    )
    {
        var hasEntries = entries.RemainingCount > 0;
        await AppendAsync(entries, startIndex, skipCommitted, token).ConfigureAwait(false);
        if (hasEntries)
        {
            await FlushAsync(token).ConfigureAwait(false);
        }
    }
}
