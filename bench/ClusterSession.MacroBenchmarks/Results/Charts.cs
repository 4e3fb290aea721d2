using ClusterSession.MacroBenchmarks.Comparison;

namespace ClusterSession.MacroBenchmarks.Results;

/// <summary>The charts of a run, by file name.</summary>
internal static class Charts
{
    public static IEnumerable<(string File, BarChart Chart)> Of(Outcome outcome)
    {
        if (outcome.Series.Count == 0)
        {
            yield break;
        }

        yield return ("cpu.svg", Chart(outcome, "Application CPU of a request, microseconds (less is better)", sample => sample.PerRequest.CpuMicroseconds));
        yield return ("throughput.svg", Chart(outcome, "Requests per second, 64 connections (more is better)", sample => sample.Throughput));
        yield return ("latency.svg", Chart(outcome, "p99 at a fixed rate, milliseconds (less is better)", sample => sample.Open?.Latency.Percentile(0.99) ?? double.NaN));
        yield return ("store-cpu.svg", Chart(outcome, "Redis CPU of a request, microseconds (less is better)", sample => sample.PerRequest.StoreCpuMicroseconds, withStoreOnly: true));
    }

    private static BarChart Chart(Outcome outcome, string title, Func<Sample, double> value, bool withStoreOnly = false) => new(
        title,
        [.. outcome.Series.GroupBy(series => series.Class).Select(requests => new BarChart.Group(
            requests.Key,
            [.. requests.Where(series => !withStoreOnly || series.Commands is not null).Select(series => Bar(series, value))])).Where(group => group.Bars.Count > 0)]);

    private static BarChart.Bar Bar(Series series, Func<Sample, double> value)
    {
        var figure = series.Of(value);
        var text = series.Samples.Count == 0 ? "failed" : Numbers.Text(figure);
        return new BarChart.Bar(series.Title, figure.Median, figure.Lowest, figure.Highest, text, series.Target.StartsWith("cluster", StringComparison.Ordinal));
    }
}
