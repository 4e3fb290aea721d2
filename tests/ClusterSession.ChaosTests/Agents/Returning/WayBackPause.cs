using System.Diagnostics;
using System.Globalization;
using ClusterSession.Histories;

namespace ClusterSession.ChaosTests.Agents.Returning;

/// <summary>Where the pause of a way back goes.</summary>
/// <remarks>
/// <code>
/// temporary   ...accepted | closed, waits for the offset |
/// preferred                              promoted, opened | found by HAProxy | accepted...
/// writers     --last write ------------------------------------------ first write --
/// clients     ----------- the longest request that touches this ---------------------
/// </code>
/// </remarks>
internal sealed class WayBackPause(
    SiteMember preferred,
    SiteMember temporary,
    FencedWriters writers,
    HistoryRecorder recorder
)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly long _from = Stopwatch.GetTimestamp();
    private readonly long _fromNs = recorder.NowNs;
    private long _noPrimary;
    private long _opened;

    /// <summary>Watches it until the one address leads to the preferred member again.</summary>
    public async Task WatchAsync(AgentSite site)
    {
        var closed = TimeOfAsync(async () => await temporary.GetAsync("/primary") != 200);
        var opened = TimeOfAsync(async () => await preferred.GetAsync("/primary") == 200);
        (_noPrimary, _opened) = (await closed, await opened);
        await site.PreferredAsync();
    }

    public override string ToString()
    {
        var accepted = writers.Accepted.Where(write => write.At > _from).OrderBy(write => write.At).ToArray();
        var runId = accepted[^1].RunId;
        var first = accepted.First(write => write.RunId == runId).At;
        var last = accepted.Last(write => write.RunId != runId).At;
        var slowest = recorder
            .ToHistory()
            .Events.Where(request =>
                request.CompleteNs != long.MaxValue
                && request.CompleteNs >= RecordedAt(last)
                && request.InvokeNs <= RecordedAt(first)
            )
            .MaxBy(request => request.CompleteNs - request.InvokeNs)!;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"writes paused for {Milliseconds(last, first):0} ms: the temporary master was no primary after "
                + $"{Milliseconds(last, _noPrimary):0} ms, the preferred one open after "
                + $"{Milliseconds(last, _opened):0} ms, its first write came "
                + $"{Milliseconds(_opened, first):0} ms later; the slowest request of a client meanwhile took "
                + $"{(slowest.CompleteNs - slowest.InvokeNs) / 1e6:0} ms, it ended "
                + $"{(slowest.CompleteNs - RecordedAt(first)) / 1e6:0} ms after that write: {slowest}"
        );
    }

    /// <summary>A time of the writers by the clock of the history.</summary>
    private long RecordedAt(long timestamp) => _fromNs + (long)((timestamp - _from) * (1e9 / Stopwatch.Frequency));

    private static double Milliseconds(long from, long to) => (to - from) * 1000.0 / Stopwatch.Frequency;

    private static async Task<long> TimeOfAsync(Func<Task<bool>> condition)
    {
        await Condition.HoldsAsync(condition, "the agent says so", Patience);
        return Stopwatch.GetTimestamp();
    }
}
