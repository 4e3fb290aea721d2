using System.Collections.Concurrent;
using ClusterSession.Diagnostics;
using ClusterSession.Sessions.Copies;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Sessions;

/// <summary>
/// Tells the store in the background which sessions are in use: each at most once per touch interval, however often it is read.
/// </summary>
/// <remarks>
/// A touch costs more than its own command: in Redis it invalidates every node's copy (measured), which then is revalidated. So a
/// commit counts as a touch, also one by another node, as far as the version of a copy tells.
/// Few at a time and often, because commits and reads wait behind them in the store.
/// </remarks>
internal sealed class SessionTouches(
    StoreGuard store, LocalCopies copies, SessionLifetime lifetime, IOptions<ClusterSessionOptions> options, TimeProvider time,
    SessionMetrics metrics, ILogger<SessionTouches> logger) : BackgroundService
{
    private const int AtOnce = 32;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(1);
    private readonly LogRate _failed = new(time);

    private readonly ConcurrentDictionary<SessionKey, byte> _due = new();

    /// <summary>When sessions without a local copy to remember it were last touched; forgotten after a touch interval.</summary>
    private readonly ConcurrentDictionary<SessionKey, int> _withoutCopy = new();

    /// <summary>A request uses the session. On the way of every request: no lock, no allocation unless a touch is due.</summary>
    public void Used(SessionKey key, LocalCopy copy, bool prolongs)
    {
        copy.WasUsed = true;
        if (!prolongs)
        {
            return;
        }

        var now = copies.Clock.Now;
        copy.UsedAt = now;
        if (now - copy.TouchedAt >= lifetime.TouchTicks)
        {
            copy.TouchedAt = now;
            _due.TryAdd(key, 0);
        }
    }

    /// <inheritdoc cref="Used(SessionKey, LocalCopy, bool)"/>
    public void Used(SessionKey key, bool prolongs)
    {
        if (copies.TryGet(key, out var copy))
        {
            Used(key, copy, prolongs);
        }
        else if (prolongs && _withoutCopy.TryAdd(key, copies.Clock.Now))
        {
            _due.TryAdd(key, 0); // Copies are switched off, or this one has been evicted at once.
        }
    }

    /// <summary>Sends what is due; false if the store did not take it.</summary>
    public async Task<bool> FlushAsync(CancellationToken cancellationToken)
    {
        foreach (var batch in _due.IsEmpty ? [] : _due.Keys.Chunk(AtOnce))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if ((await Task.WhenAll(Array.ConvertAll(batch, TouchAsync)).ConfigureAwait(false)).Contains(false))
            {
                if (_failed.MayWrite(out var count))
                {
                    logger.TouchesFailed(_due.Count, count);
                }

                return false;
            }
        }

        var now = copies.Clock.Now;
        foreach (var (key, at) in _withoutCopy)
        {
            if (now - at >= lifetime.TouchTicks)
            {
                _withoutCopy.TryRemove(key, out _);
            }
        }

        return true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var interval = options.Value.EffectiveTouchInterval / 4;
        using var timer = new PeriodicTimer(interval < Interval ? interval : Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                if (!await FlushAsync(stoppingToken).ConfigureAwait(false))
                {
                    await Task.Delay(PauseAfterFailure, time, stoppingToken).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node is shutting down; the store's slack covers what is not sent.
        }
    }

    private async Task<bool> TouchAsync(SessionKey key)
    {
        var touched = await store.TouchAsync(key, lifetime.StoreLife, lifetime.LeastStoreLife).ConfigureAwait(false);
        switch (touched)
        {
            case StoreTouch.Unavailable:
                return false; // Stays due.
            case StoreTouch.Destroyed:
                copies.Drop(key);
                break;
            case StoreTouch.Missing when copies.TryGet(key, out var copy):
                copy.MarkStale(); // The next request finds the loss, and repairs it.
                break;
            case StoreTouch.Touched:
                metrics.Touches.Add(1);
                break;
        }

        _due.TryRemove(key, out _);
        return true;
    }
}
