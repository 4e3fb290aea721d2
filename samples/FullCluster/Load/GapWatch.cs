using System.Diagnostics;
using ShopCluster.Check;

namespace FullCluster.Load;

/// <summary>The longest time without any acknowledged write, to about 5 ms.</summary>
internal sealed class GapWatch : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(2);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching;
    private long _longest;

    public GapWatch(Tally tally) => _watching = Task.Run(() => WatchAsync(tally));

    public TimeSpan Longest => new(Interlocked.Read(ref _longest));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        _stop.Dispose();
    }

    private async Task WatchAsync(Tally tally)
    {
        var (writes, since) = (tally.Writes, Stopwatch.GetTimestamp());
        while (!_stop.IsCancellationRequested)
        {
            // The gap counts while it lasts: one that never ended would not count else.
            Interlocked.Exchange(ref _longest, Math.Max(_longest, Stopwatch.GetElapsedTime(since).Ticks));
            if (tally.Writes != writes)
            {
                (writes, since) = (tally.Writes, Stopwatch.GetTimestamp());
            }

            await Task.Delay(Interval, CancellationToken.None);
        }
    }
}
