using ClusterSession.MacroBenchmarks.Application;
using ClusterSession.MacroBenchmarks.Comparison;
using ClusterSession.MacroBenchmarks.Load;
using ClusterSession.MacroBenchmarks.Servers;

namespace ClusterSession.MacroBenchmarks.Measures;

/// <summary>The mixed profile over two nodes, with and without affinity.</summary>
internal sealed record TwoNodesFigures(
    string Title,
    bool IsSticky,
    Figure Throughput,
    Figure Cpu,
    Figure RedisCpu,
    Figure P50,
    Figure P99,
    IReadOnlyDictionary<string, double> Commands
);

/// <summary>
/// Two nodes with one Redis: what it costs that a session is written on one node and read on the
/// other.
/// </summary>
internal static class TwoNodesMeasure
{
    public static async Task<List<TwoNodesFigures>> RunAsync(
        string workDirectory,
        ComparisonSettings settings,
        Action<string> say
    )
    {
        var requests = RequestClass.Mixed(settings.IsQuick ? 5_000 : 100_000);
        var runs = new List<Run>();
        await using var ours = await DotNetTarget.StartAsync(Variants.ClusterSessionRedis, workDirectory, nodes: 2);
        await using var theirs = await DotNetTarget.StartAsync(Variants.AddSessionRedis, workDirectory, nodes: 2);
        foreach (var target in (DotNetTarget[])[ours, theirs])
        {
            var clients = await MacroComparison.SeedAsync(target, requests);
            foreach (var isSticky in (bool[])[true, false])
            {
                runs.Add(new Run(target, clients, isSticky));
                await LoadAsync(runs[^1], requests, settings.WarmUp, 0);
            }
        }

        for (var round = 0; round < settings.Rounds; round++)
        {
            foreach (var run in runs)
            {
                await LoadAsync(run, requests, settings.WarmUp / 5, 0);
                var before = await run.Target.UsageAsync();
                var closed = await LoadAsync(run, requests, settings.Closed, 0);
                var used = await run.Target.UsageAsync() - before;
                var open = await LoadAsync(run, requests, settings.Open, settings.Rate);
                run.Samples.Add(new Sample(used / closed.Requests, closed.PerSecond, closed.Latency, open));
            }
        }

        var results = new List<TwoNodesFigures>();
        foreach (var run in runs)
        {
            // The run before this one left the copies of its own way of balancing.
            await LoadAsync(run, requests, settings.WarmUp, 0);
            results.Add(
                new TwoNodesFigures(
                    run.Target.Title,
                    run.IsSticky,
                    run.Of(s => s.Throughput),
                    run.Of(s => s.PerRequest.CpuMicroseconds),
                    run.Of(s => s.PerRequest.StoreCpuMicroseconds),
                    run.Of(s => s.Open!.Latency.Percentile(0.5)),
                    run.Of(s => s.Open!.Latency.Percentile(0.99)),
                    await CountCommandsAsync(run, requests)
                )
            );
            say(
                $"  {run.Target.Title, -24} {(run.IsSticky ? "sticky" : "not sticky"), -10} {results[^1].Throughput.Median, 9:N0} req/s {results[^1].Cpu.Median, 6:N1} us"
            );
        }

        return results;
    }

    private static async Task<LoadResult> LoadAsync(Run run, RequestClass requests, TimeSpan duration, double rate)
    {
        var plan = new LoadPlan(run.Target.Ports, run.Clients, requests.Work)
        {
            Duration = duration,
            Rate = rate,
            IsSticky = run.IsSticky,
        };
        return (await LoadGenerator.RunAsync(plan)).OrThrow("two nodes");
    }

    private static async Task<IReadOnlyDictionary<string, double>> CountCommandsAsync(Run run, RequestClass requests)
    {
        const int Requests = 2_000;
        await using var monitor = await run.Target.Redis!.MonitorAsync();
        var work = requests.Work with { Client = requests.Work.Client[..Requests], IsEndless = false };
        var done = await LoadGenerator.RunAsync(
            new LoadPlan(run.Target.Ports, run.Clients, work) { IsSticky = run.IsSticky }
        );
        return (await monitor.StopAsync()).ToDictionary(
            command => command.Key,
            command => (double)command.Value / done.Requests
        );
    }

    private sealed record Run(DotNetTarget Target, Clients Clients, bool IsSticky)
    {
        public List<Sample> Samples { get; } = [];

        public Figure Of(Func<Sample, double> value) => Figure.Of(Samples.Select(value));
    }
}
