using ClusterSession.MacroBenchmarks.Application;
using ClusterSession.MacroBenchmarks.Comparison;

namespace ClusterSession.MacroBenchmarks.Results;

/// <summary>The charts of a run, by file name.</summary>
internal static class Charts
{
    private const string Cpu = "Application CPU of a request, microseconds (less is better)";

    public static IEnumerable<(string File, BarChart Chart)> Of(Outcome outcome)
    {
        if (outcome.Series.Count == 0)
        {
            yield break;
        }

        // The two that most pages speak of, in one screen.
        var readsAndWrites = outcome.Series.Where(series => series.Class is "read" or "write").ToList();
        if (readsAndWrites.Count > 0)
        {
            yield return (
                "read-write-cpu.svg",
                Chart(readsAndWrites, Cpu, sample => sample.PerRequest.CpuMicroseconds)
            );
        }

        yield return ("cpu.svg", Chart(outcome.Series, Cpu, sample => sample.PerRequest.CpuMicroseconds));
        yield return (
            "throughput.svg",
            Chart(outcome.Series, "Requests per second, 64 connections (more is better)", sample => sample.Throughput)
        );
        yield return (
            "latency.svg",
            Chart(outcome.Series, "p99 at a fixed rate, milliseconds (less is better)", sample =>
                sample.Open?.Latency.Percentile(0.99) ?? double.NaN
            )
        );
        yield return (
            "store-cpu.svg",
            Chart(
                [.. outcome.Series.Where(series => series.Commands is not null)],
                "Redis CPU of a request, microseconds (less is better)",
                sample => sample.PerRequest.StoreCpuMicroseconds
            )
        );
    }

    private static BarChart Chart(IReadOnlyList<Series> shown, string title, Func<Sample, double> value) =>
        new(
            title,
            [
                .. shown
                    .GroupBy(series => series.Class)
                    .Select(requests => new BarChart.Group(
                        requests.Key,
                        [.. requests.Select(series => Bar(series, value))]
                    )),
            ]
        );

    private static BarChart.Bar Bar(Series series, Func<Sample, double> value)
    {
        var figure = series.Of(value);
        var text = series.Samples.Count == 0 ? "failed" : Numbers.Text(figure);
        var kind =
            series.Target == Variants.None ? BarChart.BarKind.Limit
            : series.Target.StartsWith("cluster", StringComparison.Ordinal) ? BarChart.BarKind.Ours
            : BarChart.BarKind.Peer;
        return new BarChart.Bar(series.Title, figure.Median, figure.Lowest, figure.Highest, text, kind);
    }
}
