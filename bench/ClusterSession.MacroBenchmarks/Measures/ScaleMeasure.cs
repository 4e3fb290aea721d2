using ClusterSession.MacroBenchmarks.Application;
using ClusterSession.MacroBenchmarks.Comparison;
using ClusterSession.MacroBenchmarks.Load;
using ClusterSession.MacroBenchmarks.Results;
using ClusterSession.MacroBenchmarks.Servers;

namespace ClusterSession.MacroBenchmarks.Measures;

/// <summary>Figures for one number of sessions.</summary>
internal sealed record ScaleFigures(
    int Sessions,
    Figure OpenNanoseconds,
    double BytesEach,
    double PayloadBytes,
    double TotalMiB,
    Figure? RequestCpu,
    double? ResidentMiB
);

/// <summary>
/// What the number of sessions on a node costs: opening one of them at random, in this process
/// (cookie to attribute, nothing else) and as requests; and the memory of the local copies. All
/// numbers are there at once and take turns, as the variants of the comparison do.
/// </summary>
internal static class ScaleMeasure
{
    private const int MaxRequestedQuickly = 10_000;
    private const int Passes = 11;
    private static readonly int[] Numbers = [1_000, 10_000, 100_000, 1_000_000];

    public static async Task<List<ScaleFigures>> RunAsync(
        string workDirectory,
        ComparisonSettings settings,
        Action<string> say
    )
    {
        var opened = Open();
        var requested = await RequestAsync(
            [.. Numbers.Where(number => !settings.IsQuick || number <= MaxRequestedQuickly)],
            workDirectory,
            settings
        );
        var results = new List<ScaleFigures>();
        foreach (var figures in opened)
        {
            var (cpu, resident) = requested.TryGetValue(figures.Sessions, out var found)
                ? ((Figure?)found.Cpu, (double?)found.ResidentMiB)
                : (null, null);
            results.Add(figures with { RequestCpu = cpu, ResidentMiB = resident });
            say(
                $"  {figures.Sessions, 9:N0} sessions: open {figures.OpenNanoseconds.Median, 5:N0} ns, {figures.BytesEach:N0} bytes each ({figures.PayloadBytes:N0} of payload), "
                    + $"{figures.TotalMiB:N0} MiB, request {cpu?.Median:N1} us, resident {resident:N0} MiB"
            );
        }

        return results;
    }

    private static List<ScaleFigures> Open()
    {
        var all = Numbers.Select(number => new OpenMeasure(number)).ToList();
        for (var pass = -2; pass < Passes; pass++)
        {
            foreach (var one in all)
            {
                one.Pass(isWarmUp: pass < 0); // The first two are the JIT's.
            }
        }

        var results = all.Select(one => new ScaleFigures(
                one.Number,
                one.OpenNanoseconds,
                one.Bytes / one.Number,
                one.PayloadBytes,
                one.Bytes / 1024 / 1024,
                null,
                null
            ))
            .ToList();
        all.ForEach(one => one.Dispose());
        return results;
    }

    private static async Task<Dictionary<int, (Figure Cpu, double ResidentMiB)>> RequestAsync(
        int[] numbers,
        string workDirectory,
        ComparisonSettings settings
    )
    {
        var runs = new List<Run>();
        try
        {
            foreach (var number in numbers)
            {
                var run = new Run(
                    await DotNetTarget.StartAsync(Variants.ClusterSessionRedis, workDirectory),
                    new RequestClass(
                        "scale",
                        SessionProfile.Small,
                        number,
                        Work.Uniform("/read", number, RequestClass.Seed)
                    )
                );
                runs.Add(run);
                run.Clients = await MacroComparison.SeedAsync(run.Target, run.Requests);
                await LoadAsync(run, settings.WarmUp * 2);
            }

            for (var round = 0; round < settings.Rounds; round++)
            {
                foreach (var run in runs)
                {
                    await LoadAsync(run, settings.WarmUp / 5);
                    var before = await run.Target.UsageAsync();
                    var done = await LoadAsync(run, settings.Closed);
                    run.Samples.Add((await run.Target.UsageAsync() - before).CpuMicroseconds / done.Requests);
                }
            }

            return runs.ToDictionary(
                run => run.Requests.Sessions,
                run => (Figure.Of(run.Samples), ProcessCpu.ResidentMiB(run.Target.Nodes[0].Pid))
            );
        }
        finally
        {
            foreach (var run in runs)
            {
                await run.Target.DisposeAsync();
            }
        }
    }

    private static async Task<LoadResult> LoadAsync(Run run, TimeSpan duration) =>
        (
            await LoadGenerator.RunAsync(
                new LoadPlan(run.Target.Ports, run.Clients!, run.Requests.Work) { Duration = duration }
            )
        ).OrThrow("scale");

    private sealed record Run(DotNetTarget Target, RequestClass Requests)
    {
        public List<double> Samples { get; } = [];

        public Clients? Clients { get; set; }
    }
}
