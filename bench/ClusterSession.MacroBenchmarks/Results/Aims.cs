using ClusterSession.MacroBenchmarks.Application;
using ClusterSession.MacroBenchmarks.Comparison;

namespace ClusterSession.MacroBenchmarks.Results;

/// <summary>
/// What the project wants to reach, as ratios within one run, and what it has reached. Ratios are taken round by round, because the two
/// runs of a round are neighbours in time; where some rounds reach the limit and some do not, the run has decided nothing.
/// </summary>
internal static class Aims
{
    public const double MostBytesPerRead = 400;

    /// <summary>Rows of a table: the aim, the limit, what was reached, whether it is enough. Aims whose measure did not run are left out.</summary>
    public static IEnumerable<(string Aim, string Limit, string Reached, string Verdict)> Judge(Outcome outcome)
    {
        foreach (var requests in (string[])["untouched", "read"])
        {
            if (Pair(outcome, requests, Variants.ClusterSessionRedis, Variants.None) is { } pair)
            {
                yield return Most($"{requests}: application CPU against no session", Ratio(pair, Cpu), 1.1, " x");
                yield return Most($"{requests}: bytes allocated beyond no session", Pairs(pair, Allocated, (ours, theirs) => ours - theirs), MostBytesPerRead, " B");
                yield return Most($"{requests}: store commands", pair.Ours.Commands?.Values.Sum() ?? double.NaN, 0.01, "");
            }
        }

        if (Pair(outcome, "write", Variants.ClusterSessionRedis, Variants.AddSessionMemory) is { } memory)
        {
            yield return Most("write: store commands", memory.Ours.Commands?.Values.Sum() ?? double.NaN, 1.01, "");
            yield return Most("write: application CPU against AddSession in memory", Ratio(memory, Cpu), 1, " x");
        }

        if (Pair(outcome, "write", Variants.ClusterSessionRedis, Variants.AddSessionRedis) is { } redis)
        {
            yield return Least("write: throughput against AddSession on Redis", Ratio(redis, Throughput), 2.5, " x");
        }

        if (Pair(outcome, "write", Variants.ClusterSessionRedisLocal, Variants.None) is { } local)
        {
            yield return Most("write, Local: application CPU against no session", Ratio(local, Cpu), 1.4, " x");
        }

        if (outcome.Find("counter beside 100 KB", Variants.ClusterSessionRedis) is { } counter && outcome.Find("write", Variants.ClusterSessionRedis) is { } write)
        {
            yield return Most("counter beside 100 KB: application CPU against the small write", Ratio((counter, write), Cpu), 1.1, " x");
        }

        if (Pair(outcome, "mixed 80/20", Variants.ClusterSessionRedis, Variants.AddSessionRedis) is { } mixed)
        {
            yield return Least("mixed: Redis CPU of AddSession on Redis against ours", Ratio((mixed.Theirs, mixed.Ours), StoreCpu), 3, " x");
        }

        foreach (var judged in JudgeOthers(outcome))
        {
            yield return judged;
        }
    }

    private static IEnumerable<(string Aim, string Limit, string Reached, string Verdict)> JudgeOthers(Outcome outcome)
    {
        if (outcome.Client.Count == 3)
        {
            yield return Least(
                "client: GET of 2 KB against redis-benchmark",
                outcome.Client[0].OperationsPerSecond.Median / outcome.Client[2].OperationsPerSecond.Median, 1, " x");
            yield return Most("client: bytes allocated per command besides the result", outcome.Client[1].AllocatedBytes.Median, 1, " B");
        }

        if (outcome.Scale.Count > 0)
        {
            var most = outcome.Scale[^1];
            yield return Most("bytes of a local copy against 1.3 x payload + 200", most.BytesEach / (1.3 * most.PayloadBytes + 200), 1, " x");
            yield return Most($"{most.Sessions:N0} sessions of 500 bytes", most.TotalMiB, 1024, " MiB");
            yield return Most($"open with {most.Sessions:N0} sessions against {outcome.Scale[0].Sessions:N0}", most.OpenNanoseconds.Median / outcome.Scale[0].OpenNanoseconds.Median, 1.2, " x");
            if (most.RequestCpu is { } large && outcome.Scale[0].RequestCpu is { } small)
            {
                yield return Most($"CPU of a read with {most.Sessions:N0} sessions against {outcome.Scale[0].Sessions:N0}", large / small, 1.2, " x");
            }
        }

        if (outcome.ColdNode.Count > 0)
        {
            yield return Most($"cold node: store reads for {outcome.ColdNode[0].Requests} first requests of one session", outcome.ColdNode[0].ReadsForOne, 1, "");
        }

        if (outcome.TwoNodes.Count > 1)
        {
            yield return Least(
                "two nodes: throughput without affinity against sticky",
                outcome.TwoNodes[1].Throughput.Median / outcome.TwoNodes[0].Throughput.Median, 0.7, " x");
        }
    }

    private static (Series Ours, Series Theirs)? Pair(Outcome outcome, string requests, string ours, string theirs) =>
        outcome.Find(requests, ours) is { } first && outcome.Find(requests, theirs) is { } second ? (first, second) : null;

    private static (string, string, string, string) Most(string aim, double reached, double limit, string unit) =>
        Most(aim, new Figure(reached, reached, reached), limit, unit);

    private static (string, string, string, string) Least(string aim, double reached, double limit, string unit) =>
        (aim, $"at least {Numbers.Text(limit)}{unit}", Numbers.Text(reached) + unit, Verdict(reached >= limit, reached >= limit));

    private static (string, string, string, string) Most(string aim, Figure reached, double limit, string unit) =>
        (aim, $"at most {Numbers.Text(limit)}{unit}", Text(reached, unit), Verdict(reached.Lowest <= limit, reached.Highest <= limit));

    private static (string, string, string, string) Least(string aim, Figure reached, double limit, string unit) =>
        (aim, $"at least {Numbers.Text(limit)}{unit}", Text(reached, unit), Verdict(reached.Lowest >= limit, reached.Highest >= limit));

    private static string Text(Figure reached, string unit) => reached.Lowest == reached.Highest
        ? Numbers.Text(reached) + unit
        : $"{Numbers.Text(reached)}{unit} ({Numbers.Text(reached.Lowest)} to {Numbers.Text(reached.Highest)})";

    private static string Verdict(bool atLowest, bool atHighest) => (atLowest, atHighest) switch
    {
        (true, true) => "met",
        (false, false) => "**not met**",
        _ => "undecided",
    };

    private static Figure Ratio((Series Ours, Series Theirs) pair, Func<Sample, double> value) => Pairs(pair, value, (ours, theirs) => ours / theirs);

    private static Figure Pairs((Series Ours, Series Theirs) pair, Func<Sample, double> value, Func<double, double, double> compare) =>
        Figure.Of(pair.Ours.Samples.Zip(pair.Theirs.Samples, (ours, theirs) => compare(value(ours), value(theirs))));

    private static double Cpu(Sample sample) => sample.PerRequest.CpuMicroseconds;

    private static double StoreCpu(Sample sample) => sample.PerRequest.StoreCpuMicroseconds;

    private static double Allocated(Sample sample) => sample.PerRequest.AllocatedBytes;

    private static double Throughput(Sample sample) => sample.Throughput;
}
