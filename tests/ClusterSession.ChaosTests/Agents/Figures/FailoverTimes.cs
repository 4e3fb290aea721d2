using System.Diagnostics;
using System.Globalization;

namespace ClusterSession.ChaosTests.Agents.Figures;

/// <summary>How long failovers took, in milliseconds from the fault.</summary>
internal sealed class FailoverTimes
{
    private readonly List<(double Noticed, double Free, double Opened, double Accepted)> _runs = [];

    /// <summary>
    /// Watches one failover: until the agent of the old master says that it is no primary, until
    /// that of the new one sees that the lease is the old one's no more, until it says that it is
    /// the primary, and until a write is accepted by another process.
    /// </summary>
    public async Task WatchAsync(SiteMember old, SiteMember next, FencedWriters writers, Func<Task> fault)
    {
        var runId = writers.Accepted.Last().RunId;
        var from = Stopwatch.GetTimestamp();
        var noticed = UntilAsync(from, async () => await old.GetAsync("/primary") != 200);
        var free = UntilAsync(from, async () =>
            await next.StatusAsync() is { Store.IsReachable: true, Lease: var lease }
            && (!lease.IsHeld || lease.Holder != old.Name)
        );
        var opened = UntilAsync(from, async () => await next.GetAsync("/primary") == 200);
        await fault();
        await Condition.HoldsAsync(
            () => writers.Accepted.LastOrDefault() is var last && last.RunId != runId,
            "another process accepts writes",
            TimeSpan.FromSeconds(60)
        );
        var first = writers.Accepted.Where(write => write.RunId != runId && write.At > from).Min(write => write.At);
        _runs.Add((await noticed, await free, await opened, Milliseconds(from, first)));
    }

    /// <summary>
    /// Whether the last one took longer than a lease, and an election and the lease anew.
    /// </summary>
    public bool IsSlow => _runs[^1].Accepted > 7000;

    /// <summary>Least, median and greatest of each.</summary>
    public override string ToString() =>
        string.Join(
            Environment.NewLine,
            Line("the old one is no primary", run => run.Noticed),
            Line("the lease is over", run => run.Free),
            Line("the new one is primary", run => run.Opened),
            Line("first accepted write", run => run.Accepted),
            Line("the same, since the old one was no primary", run => run.Accepted - run.Noticed),
            Line("the same, since the lease was over", run => run.Accepted - run.Free)
        );

    private static double Milliseconds(long from, long to) => (to - from) * 1000.0 / Stopwatch.Frequency;

    private static async Task<double> UntilAsync(long from, Func<Task<bool>> condition)
    {
        await Condition.HoldsAsync(condition, "the agent says so", TimeSpan.FromSeconds(60));
        return Milliseconds(from, Stopwatch.GetTimestamp());
    }

    private string Line(string what, Func<(double Noticed, double Free, double Opened, double Accepted), double> time)
    {
        var sorted = _runs.Select(time).Order().ToArray();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{what, -42} {sorted[0], 6:0} {sorted[sorted.Length / 2], 6:0} {sorted[^1], 6:0} ms (least, median, greatest of {sorted.Length})"
        );
    }
}
