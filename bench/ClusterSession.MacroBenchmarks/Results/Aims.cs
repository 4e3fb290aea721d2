using ClusterSession.MacroBenchmarks.Application;
using ClusterSession.MacroBenchmarks.Comparison;

namespace ClusterSession.MacroBenchmarks.Results;

/// <summary>What the project wants to reach, as ratios within one run, and what it has reached.</summary>
internal static class Aims
{
    public const double MostBytesPerRead = 400;

    /// <summary>Rows of a table: the aim, the limit, what was reached, whether it is enough. Aims whose measure did not run are left out.</summary>
    public static IEnumerable<(string Aim, string Limit, string Reached, bool IsMet)> Judge(Outcome outcome)
    {
        foreach (var requests in (string[])["untouched", "read"])
        {
            if (Pair(outcome, requests, Variants.ClusterSessionRedis, Variants.None) is { } pair)
            {
                yield return Most($"{requests}: application CPU against no session", Cpu(pair.Ours) / Cpu(pair.Theirs), 1.1, " x");
                yield return Most($"{requests}: bytes allocated beyond no session", Allocated(pair.Ours) - Allocated(pair.Theirs), MostBytesPerRead, " B");
                yield return Most($"{requests}: store commands", pair.Ours.Commands?.Values.Sum() ?? double.NaN, 0.01, "");
            }
        }

        if (Pair(outcome, "write", Variants.ClusterSessionRedis, Variants.AddSessionMemory) is { } memory)
        {
            yield return Most("write: store commands", memory.Ours.Commands?.Values.Sum() ?? double.NaN, 1.01, "");
            yield return Most("write: application CPU against AddSession in memory", Cpu(memory.Ours) / Cpu(memory.Theirs), 1, " x");
        }

        if (Pair(outcome, "write", Variants.ClusterSessionRedis, Variants.AddSessionRedis) is { } redis)
        {
            yield return Least("write: throughput against AddSession on Redis", Throughput(redis.Ours) / Throughput(redis.Theirs), 2.5, " x");
        }

        if (Pair(outcome, "write", Variants.ClusterSessionRedisLocal, Variants.None) is { } local)
        {
            yield return Most("write, Local: application CPU against no session", Cpu(local.Ours) / Cpu(local.Theirs), 1.4, " x");
        }

        if (outcome.Find("counter beside 100 KB", Variants.ClusterSessionRedis) is { } counter && outcome.Find("write", Variants.ClusterSessionRedis) is { } write)
        {
            yield return Most("counter beside 100 KB: application CPU against the small write", Cpu(counter) / Cpu(write), 1.1, " x");
        }

        if (Pair(outcome, "mixed 80/20", Variants.ClusterSessionRedis, Variants.AddSessionRedis) is { } mixed)
        {
            yield return Least("mixed: Redis CPU of AddSession on Redis against ours", StoreCpu(mixed.Theirs) / StoreCpu(mixed.Ours), 3, " x");
        }

        foreach (var judged in JudgeOthers(outcome))
        {
            yield return judged;
        }
    }

    private static IEnumerable<(string Aim, string Limit, string Reached, bool IsMet)> JudgeOthers(Outcome outcome)
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

    private static (string, string, string, bool) Most(string aim, double reached, double limit, string unit) =>
        (aim, $"at most {Numbers.Text(limit)}{unit}", Numbers.Text(reached) + unit, reached <= limit);

    private static (string, string, string, bool) Least(string aim, double reached, double limit, string unit) =>
        (aim, $"at least {Numbers.Text(limit)}{unit}", Numbers.Text(reached) + unit, reached >= limit);

    private static double Cpu(Series series) => series.Of(sample => sample.PerRequest.CpuMicroseconds).Median;

    private static double StoreCpu(Series series) => series.Of(sample => sample.PerRequest.StoreCpuMicroseconds).Median;

    private static double Allocated(Series series) => series.Of(sample => sample.PerRequest.AllocatedBytes).Median;

    private static double Throughput(Series series) => series.Of(sample => sample.Throughput).Median;
}
