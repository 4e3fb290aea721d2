using ClusterSession.Diagnostics;
using ClusterSession.Local;
using ClusterSession.Stores.Outage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Recovery;

/// <summary>
/// Sends the journal: after a short gathering time while the store answers, at its next sign of life while it does not, and until the
/// drain timeout when the node shuts down, after the store has been given back what it may have lost. Then a process that leaves something unsent ends with a non-zero exit code.
/// </summary>
internal sealed class JournalService(
    CommitJournal journal, JournalSender sender, PendingSessions pending, StoreRecovery recovery, StoreGuard store, IOptions<ClusterSessionOptions> options, TimeProvider time, ILogger<JournalService> logger) : BackgroundService
{
    private const int AtOnce = 64;

    /// <summary>"Service unavailable" in sysexits.h.</summary>
    private const int NotDrainedExitCode = 69;

    private readonly OutageOptions _options = options.Value.Outage;
    private bool _wasStuck;
    private int _first;

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
        using var over = new CancellationTokenSource(_options.DrainTimeout, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(over.Token, cancellationToken);
        while (true)
        {
            var isInTime = await recovery.SettleAsync(limit.Token).ConfigureAwait(false); // The journal takes what that could not.
            var isSent = pending.Count == 0 || await SendAllAsync().ConfigureAwait(false);
            if (limit.IsCancellationRequested || (isSent && recovery.IsSettled))
            {
                Judge(isGivenBack: isInTime && !recovery.HasDropped);
                return;
            }

            if (!isSent)
            {
                await Task.Delay(_options.ProbeInterval, time, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await journal.WaitForWorkAsync(stoppingToken).ConfigureAwait(false);
                var gathering = store.IsOpen ? _options.ProbeInterval : _options.WriteBehindDelay;
                await Task.Delay(gathering, time, stoppingToken).ConfigureAwait(false);
                var before = pending.Count;
                if (!await SendAllAsync().ConfigureAwait(false))
                {
                    await Task.Delay(_options.ProbeInterval, time, stoppingToken).ConfigureAwait(false);
                    journal.Wake();
                }
                else if (before > 0 && _wasStuck)
                {
                    _wasStuck = false;
                    logger.JournalSent(before);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // StopAsync drains.
        }
    }

    private void Judge(bool isGivenBack)
    {
        if (pending.Count > 0)
        {
            logger.JournalNotDrained(pending.Count);
            Environment.ExitCode = NotDrainedExitCode;
        }

        if (!isGivenBack)
        {
            logger.ReplayCutShort();
            Environment.ExitCode = NotDrainedExitCode;
        }
    }

    /// <summary>
    /// False if something was not taken. After a batch of which nothing was, the rest is not tried, and the next round begins with it: a store that takes
    /// no change is not asked for every session again and again, and sessions that alone are refused, or whose shard is down, do not hold up the others.
    /// </summary>
    private async Task<bool> SendAllAsync()
    {
        var keys = pending.Keys.ToArray();
        var first = keys.Length == 0 ? 0 : _first % keys.Length;
        var isDone = true;
        foreach (var batch in keys.Skip(first).Concat(keys.Take(first)).Chunk(AtOnce))
        {
            var sent = await Task.WhenAll(batch.Select(key => sender.SendAsync(key).AsTask())).ConfigureAwait(false);
            isDone &= Array.IndexOf(sent, false) < 0;
            if (Array.IndexOf(sent, true) < 0)
            {
                _first = first + batch.Length;
                break;
            }
        }

        _wasStuck |= !isDone;
        return isDone;
    }
}
