using ClusterSession.MacroBenchmarks.Application;
using ClusterSession.MacroBenchmarks.Comparison;
using ClusterSession.MacroBenchmarks.Measures;

namespace ClusterSession.MacroBenchmarks.Results;

/// <summary>
/// What the project wants to reach, as ratios within one run, because machines differ and the speed
/// of one drifts.
/// </summary>
internal static class Aims
{
    /// <summary>Aims whose measure did not run are left out.</summary>
    public static IEnumerable<Aim> Judge(Outcome outcome) =>
        [
            .. Reads(outcome),
            .. Writes(outcome),
            .. StoreLoad(outcome),
            .. Client(outcome),
            .. Memory(outcome),
            .. ColdNode(outcome),
            .. TwoNodes(outcome),
        ];

    private static IEnumerable<Aim> Reads(Outcome outcome)
    {
        foreach (var requests in (string[])["untouched", "read"])
        {
            if (Pair(outcome, requests, Variants.ClusterSessionRedis, Variants.None) is var (ours, none))
            {
                yield return Aim.Most(
                    $"{requests}: application CPU against no session",
                    ours.Of(Cpu) / none.Of(Cpu),
                    1.1,
                    " x"
                );
                yield return Aim.Most(
                    $"{requests}: bytes allocated beyond no session",
                    ours.Of(Allocated) - none.Of(Allocated),
                    400,
                    " B"
                );
                yield return Aim.Most($"{requests}: store commands", Commands(ours), 0.01); // touches: one a session and TouchInterval
            }
        }
    }

    private static IEnumerable<Aim> Writes(Outcome outcome)
    {
        const string Write = "write";
        if (outcome.Find(Write, Variants.ClusterSessionRedis) is not { } ours)
        {
            yield break;
        }

        yield return Aim.Most("write: store commands", Commands(ours), 1.01);
        if (outcome.Find(Write, Variants.AddSessionMemory) is { } memory)
        {
            yield return Aim.Most(
                "write: application CPU against AddSession in memory",
                ours.Of(Cpu) / memory.Of(Cpu),
                1,
                " x"
            );
        }

        if (outcome.Find(Write, Variants.AddSessionRedis) is { } redis)
        {
            yield return Aim.Least(
                "write: throughput against AddSession on Redis",
                ours.Of(Throughput) / redis.Of(Throughput),
                2.5,
                " x"
            );
        }

        if (Pair(outcome, Write, Variants.ClusterSessionRedisLocal, Variants.None) is var (local, none))
        {
            yield return Aim.Most(
                "write, Local: application CPU against no session",
                local.Of(Cpu) / none.Of(Cpu),
                1.4,
                " x"
            );
        }

        if (outcome.Find("counter beside 100 KB", Variants.ClusterSessionRedis) is { } counter)
        {
            yield return Aim.Most(
                "counter beside 100 KB: application CPU against the small write",
                counter.Of(Cpu) / ours.Of(Cpu),
                1.1,
                " x"
            );
        }
    }

    private static IEnumerable<Aim> StoreLoad(Outcome outcome)
    {
        if (Pair(outcome, "mixed 80/20", Variants.ClusterSessionRedis, Variants.AddSessionRedis) is var (ours, theirs))
        {
            yield return Aim.Least(
                "mixed: Redis CPU of AddSession on Redis against ours",
                theirs.Of(StoreCpu) / ours.Of(StoreCpu),
                3,
                " x"
            );
        }
    }

    private static IEnumerable<Aim> Client(Outcome outcome)
    {
        ClientFigures? Find(string name) => outcome.Client.Find(figures => figures.Client == name);
        if (Find(RedisClientMeasure.AsArray) is { } array && Find(RedisClientMeasure.RedisBenchmark) is { } limit)
        {
            yield return Aim.Least(
                "client: GET of 2 KB by 64 callers against redis-benchmark",
                array.OperationsPerSecond / limit.OperationsPerSecond,
                1,
                " x"
            );
        }

        if (Find(RedisClientMeasure.InPlace) is { } inPlace)
        {
            yield return Aim.Most(
                "client: bytes allocated per command besides the result",
                inPlace.AllocatedBytes,
                1,
                " B"
            ); // less than one is none: 64 tasks a round
        }

        if (Find(RedisClientMeasure.Saturating) is { } many)
        {
            yield return Aim.Least(
                "client: server's core kept busy by one connection, against what the machine's cores allow",
                many.RedisCorePercent / many.RedisCorePossible,
                0.9,
                " x"
            );
        }
    }

    private static IEnumerable<Aim> Memory(Outcome outcome)
    {
        if (outcome.Scale.Count == 0)
        {
            yield break;
        }

        var (few, most) = (outcome.Scale[0], outcome.Scale[^1]);
        yield return Aim.Most(
            "bytes of a local copy against 1.3 x payload + 200",
            One(most.BytesEach / (1.3 * most.PayloadBytes + 200)),
            1,
            " x"
        );
        yield return Aim.Most($"{most.Sessions:N0} sessions of 500 bytes", One(most.TotalMiB), 1024, " MiB");
        yield return Aim.Most(
            $"time to open one of {most.Sessions:N0} sessions against one of {few.Sessions:N0}",
            most.OpenNanoseconds / few.OpenNanoseconds,
            1.2,
            " x"
        );
        if (most.RequestCpu is { } large && few.RequestCpu is { } small)
        {
            yield return Aim.Most(
                $"application CPU of a read with {most.Sessions:N0} sessions against {few.Sessions:N0}",
                large / small,
                1.2,
                " x"
            );
        }
    }

    private static IEnumerable<Aim> ColdNode(Outcome outcome)
    {
        if (outcome.ColdNode.Count > 0)
        {
            var ours = outcome.ColdNode[0];
            yield return Aim.Most(
                $"cold node: store reads for {ours.Requests} first requests of one session",
                ours.ReadsForOne,
                1
            );
            yield return Aim.Most($"cold node: store reads for {ours.Sessions:N0} sessions", ours.Reads, ours.Sessions);
            // Load generator, node and store share the cores, so what takes them apart is what is
            // to be expected of them together.
            yield return Aim.Most(
                "cold node: time for them against these reads alone + the requests with copies",
                ours.Seconds / (ours.StoreSeconds + ours.WarmSeconds),
                1.5,
                " x"
            );
        }
    }

    private static IEnumerable<Aim> TwoNodes(Outcome outcome)
    {
        if (outcome.TwoNodes.Count > 1)
        {
            yield return Aim.Least(
                "two nodes, 20 % writes: throughput without affinity against sticky",
                outcome.TwoNodes[1].Throughput / outcome.TwoNodes[0].Throughput,
                0.7,
                " x"
            );
        }
    }

    private static (Series Ours, Series Theirs)? Pair(Outcome outcome, string requests, string ours, string theirs) =>
        outcome.Find(requests, ours) is { } first && outcome.Find(requests, theirs) is { } second
            ? (first, second)
            : null;

    private static Figure One(double value) => Figure.Of([value]);

    private static Figure Commands(Series series) => One(series.Commands?.Values.Sum() ?? double.NaN);

    private static double Cpu(Sample sample) => sample.PerRequest.CpuMicroseconds;

    private static double StoreCpu(Sample sample) => sample.PerRequest.StoreCpuMicroseconds;

    private static double Allocated(Sample sample) => sample.PerRequest.Heap.AllocatedBytes;

    private static double Throughput(Sample sample) => sample.Throughput;
}
