using ClusterSession.Diagnostics;
using ClusterSession.Ends;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Recovery;

/// <summary>
/// Sends the journal, each partition's part by itself: after a short gathering time while the
/// partition answers, and at its next sign of life while it does not. When the node shuts down,
/// what the store may have lost is replayed first, and the journal is sent until the drain timeout;
/// a process that leaves something unsent ends with a non-zero exit code. Sessions whose record the
/// store refuses are only logged.
/// </summary>
internal sealed class JournalService(
    CommitJournal journal,
    JournalSender sender,
    PendingSessions pending,
    StoreRecovery recovery,
    StoreGuard store,
    SharedEnds ends,
    IOptions<ClusterSessionOptions> options,
    TimeProvider time,
    ILogger<JournalService> logger
) : DrainingService
{
    private const int AtOnce = 64;

    /// <summary>"Service unavailable" in sysexits.h.</summary>
    private const int NotDrainedExitCode = 69;

    private readonly OutageOptions _options = options.Value.Outage;
    private readonly PartitionLanes _lanes = new();
    private readonly PartitionTable<Part> _parts = new(static () => new Part());

    /// <summary>
    /// The drain timeout, and a hard timeout in which what could not be sent is tried once more.
    /// </summary>
    protected override CancellationTokenSource BeginStopping() =>
        new(_options.DrainTimeout + _options.HardTimeout, time);

    protected override async Task DrainAsync(CancellationToken cancellationToken)
    {
        await SettleAsync(cancellationToken).ConfigureAwait(false);
        await recovery.EndAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task SettleAsync(CancellationToken cancellationToken)
    {
        using var over = new CancellationTokenSource(_options.DrainTimeout, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(over.Token, cancellationToken);
        while (true)
        {
            // What this cannot replay is in the journal, which is sent next.
            var isInTime = await recovery.SettleAsync(limit.Token).ConfigureAwait(false);
            var isSent =
                pending.Count == 0
                || await WithinAsync(SendAllAsync(), late: false, cancellationToken).ConfigureAwait(false);
            if (limit.IsCancellationRequested || (isSent && recovery.IsSettled))
            {
                // Announces the ends made by the last requests, and those that were sent just now.
                await WithinAsync(ends.SyncAsync(), StoreFailure.Unknown, cancellationToken).ConfigureAwait(false);
                Judge(isReplayed: isInTime && !recovery.HasDropped);
                return;
            }

            if (!isSent)
            {
                await Task.Delay(_options.ProbeInterval, time, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    /// <summary>What is late goes on by itself; its sessions count as unsaved.</summary>
    private static async Task<T> WithinAsync<T>(Task<T> work, T late, CancellationToken over)
    {
        try
        {
            return await work.WaitAsync(over).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            return late;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await WaitForWorkAsync(stoppingToken).ConfigureAwait(false);
                await Task.Delay(_options.WriteBehindDelay, time, stoppingToken).ConfigureAwait(false);
                foreach (var partition in pending.Keys.Select(store.PartitionOf).ToHashSet())
                {
                    _lanes.RunOrQueue(partition, () => SendPartAsync(partition, stoppingToken));
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await _lanes.WhenIdleAsync().ConfigureAwait(false); // DrainAsync sends the rest.
        }
    }

    /// <summary>
    /// Waits for work. While a session is set aside, this waits no longer than for the pause of
    /// that session (<see cref="PendingSession.PauseOfRefused"/>).
    /// </summary>
    private async Task WaitForWorkAsync(CancellationToken stopping)
    {
        var isSetAside = pending.Keys.Any(key => RefusalOf(key).IsOfRecord());
        using var pause = new CancellationTokenSource(
            isSetAside ? PendingSession.PauseOfRefused : Timeout.InfiniteTimeSpan,
            time
        );
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, pause.Token);
        try
        {
            await journal.WaitForWorkAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            // What is set aside is tried again.
        }
    }

    private async Task SendPartAsync(int partition, CancellationToken stopping)
    {
        var part = _parts.Of(partition);
        while (true)
        {
            if (store.IsGivenUp(partition))
            {
                await Task.Delay(_options.ProbeInterval, time, stopping).ConfigureAwait(false);
            }

            var keys = KeysIn(partition);
            if (await SendAsync(part, keys).ConfigureAwait(false))
            {
                if (keys.Length > 0 && part.WasStuck)
                {
                    part.WasStuck = false;
                    logger.JournalSent(keys.Length);
                }

                return;
            }

            await Task.Delay(_options.ProbeInterval, time, stopping).ConfigureAwait(false);
        }
    }

    private SessionKey[] KeysIn(int partition) =>
        [.. pending.Keys.Where(key => store.PartitionOf(key) == partition && !IsSetAside(key))];

    private StoreFailure RefusalOf(SessionKey key) =>
        pending.TryGet(key, out var session) ? session.Refusal : StoreFailure.None;

    private bool IsSetAside(SessionKey key) => pending.TryGet(key, out var session) && session.IsSetAside(time);

    private void Judge(bool isReplayed)
    {
        var refused = pending.Keys.Count(key => RefusalOf(key).IsOfRecord());
        if (refused > 0)
        {
            logger.JournalRefused(refused);
        }

        if (pending.Count > refused)
        {
            logger.JournalNotDrained(pending.Count - refused);
            Environment.ExitCode = NotDrainedExitCode;
        }

        if (!isReplayed)
        {
            logger.ReplayCutShort();
            Environment.ExitCode = NotDrainedExitCode;
        }
    }

    private async Task<bool> SendAllAsync()
    {
        var parts = pending.Keys.GroupBy(store.PartitionOf);
        var sending = parts.Select(part => SendAsync(_parts.Of(part.Key), [.. part]));
        var sent = await Task.WhenAll(sending).ConfigureAwait(false);
        return Array.IndexOf(sent, false) < 0;
    }

    /// <summary>
    /// False if something was not taken. After a batch of which nothing was, the rest is not tried,
    /// and the next round begins with it: a partition that takes no change is not asked for every
    /// session again and again, and sessions that alone are refused do not hold up the others.
    /// </summary>
    private async Task<bool> SendAsync(Part part, SessionKey[] keys)
    {
        var first = keys.Length == 0 ? 0 : part.First % keys.Length;
        var next = first;
        var isDone = true;
        foreach (var batch in keys.Skip(first).Concat(keys.Take(first)).Chunk(AtOnce))
        {
            var sent = await Task.WhenAll(batch.Select(SendAsync)).ConfigureAwait(false);
            next += batch.Length;
            isDone &= Array.IndexOf(sent, false) < 0;
            if (Array.IndexOf(sent, true) < 0)
            {
                part.First = next;
                break;
            }
        }

        part.WasStuck |= !isDone;
        return isDone;
    }

    /// <summary>
    /// True also for what is set aside: one record that the store refuses, or that this release
    /// fails with, is to hold up nothing, and to end no process.
    /// </summary>
    private async Task<bool> SendAsync(SessionKey key)
    {
        try
        {
            return await sender.SendAsync(key).ConfigureAwait(false) || RefusalOf(key).IsOfRecord();
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // Whatever it is, it is of this record.
            store.ReportDamage(key, failure);
            if (pending.TryGet(key, out var session))
            {
                (session.Refusal, session.RefusedAt) = (StoreFailure.Damaged, time.GetTimestamp());
            }

            return true;
        }
    }

    /// <summary>How far sending to one partition has come.</summary>
    private sealed class Part
    {
        public bool WasStuck;
        public int First;
    }
}
