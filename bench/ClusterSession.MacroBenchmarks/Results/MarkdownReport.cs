using System.Globalization;
using System.Text;
using ClusterSession.MacroBenchmarks.Application;
using ClusterSession.MacroBenchmarks.Comparison;

namespace ClusterSession.MacroBenchmarks.Results;

/// <summary>The tables of a run.</summary>
internal static class MarkdownReport
{
    public static string Write(
        Outcome outcome,
        Machine machine,
        ComparisonSettings settings,
        string command,
        DateTimeOffset date
    )
    {
        var text = new StringBuilder();
        Line(text, $"# Benchmark results");
        Line(text);
        Line(text, $"{date:yyyy-MM-dd HH:mm} UTC, `{command}`. {machine.Describe()}.");
        Line(
            text,
            $"Load generator, application and store share the cores. Load average of the machine before the run: {machine.LoadBefore}."
        );
        Line(
            text,
            $"{settings.Rounds} interleaved {(settings.Rounds == 1 ? "round" : "rounds")}; {settings.Closed.TotalSeconds:0.#} s closed loop over 64 connections and {settings.Open.TotalSeconds:0.#} s open loop each; medians, and half the range of the rounds as spread. What is measured and how stands in [bench/README.md](../README.md)."
        );
        AddAims(text, outcome);
        AddClasses(text, outcome, settings);
        AddTwoNodes(text, outcome, settings);
        AddColdNode(text, outcome);
        AddScale(text, outcome);
        AddClient(text, outcome);
        return text.ToString();
    }

    private static void AddAims(StringBuilder text, Outcome outcome)
    {
        var aims = Aims.Judge(outcome).ToList();
        if (aims.Count == 0)
        {
            return;
        }

        Heading(text, "Aims");
        Line(
            text,
            $"The median of the rounds, and in parentheses the lowest and the highest; ratios are taken round by round. Met: the median reaches the limit and three quarters of the rounds do. Not met: the median does not."
        );
        Line(text);
        Line(text, $"| aim | limit | reached | |");
        Line(text, $"|---|---|---|---|");
        foreach (var aim in aims)
        {
            Line(text, $"| {aim.Title} | {aim.Limit} | {aim.Reached} | {aim.Verdict} |");
        }
    }

    private static void AddClasses(StringBuilder text, Outcome outcome, ComparisonSettings settings)
    {
        foreach (var requests in outcome.Series.GroupBy(series => series.Class))
        {
            var rate =
                settings.Rate * RequestClass.All(settings.IsQuick).First(known => known.Name == requests.Key).RateShare;
            var limit = outcome.Find(requests.Key, Variants.None);
            Heading(text, "Requests: " + requests.Key);
            Line(
                text,
                $"| | req/s | application CPU us | x no session | allocated B | p50 / p99 / p99.9 ms at {rate:N0}/s | Redis CPU us | commands of a request | calls, with those of scripts | Redis bytes in / out |"
            );
            Line(text, $"|---|---|---|---|---|---|---|---|---|---|");
            foreach (var series in requests)
            {
                AddSeries(text, series, limit);
            }

            foreach (var (title, reason) in outcome.Absent)
            {
                Line(text, $"| {title} | not measured: {reason} | | | | | | | | |");
            }
        }
    }

    private static void AddSeries(StringBuilder text, Series series, Series? limit)
    {
        if (series.Samples.Count == 0)
        {
            Line(text, $"| {series.Title} | failed: {series.Failure} | | | | | | | | |");
            return;
        }

        var throughput = series.Of(sample => sample.Throughput);
        var cpu = series.Of(sample => sample.PerRequest.CpuMicroseconds);
        var ratio = limit is null
            ? double.NaN
            : cpu.Median / limit.Of(sample => sample.PerRequest.CpuMicroseconds).Median;
        var calls = series.Of(sample => sample.PerRequest.StoreCalls);
        var bytes = double.IsNaN(calls.Median)
            ? "-"
            : $"{Numbers.Text(series.Of(sample => sample.PerRequest.StoreBytesIn))} / {Numbers.Text(series.Of(sample => sample.PerRequest.StoreBytesOut))}";
        Line(
            text,
            $"| {series.Title} | {Numbers.Text(throughput)} {Numbers.Spread(throughput)} | {Numbers.Text(cpu)} {Numbers.Spread(cpu)} | {Numbers.Ratio(ratio)} | {Numbers.Text(series.Of(sample => sample.PerRequest.Heap.AllocatedBytes))} | {Latencies(series)} | {Numbers.Text(series.Of(sample => sample.PerRequest.StoreCpuMicroseconds))} | {Numbers.Commands(series.Commands)} | {Numbers.Text(calls)} | {bytes} |"
        );
    }

    private static string Latencies(Series series)
    {
        var unsent = series
            .Of(sample => (double)sample.Open!.Unsent / (sample.Open.Unsent + sample.Open.Requests))
            .Median;
        var shown = string.Join(
            " / ",
            ((double[])[0.5, 0.99, 0.999]).Select(share =>
                Numbers.Text(series.Of(sample => sample.Open!.Latency.Percentile(share)))
            )
        );
        return unsent > 0.01 ? $"{shown} (cannot keep up)" : shown;
    }

    private static void AddTwoNodes(StringBuilder text, Outcome outcome, ComparisonSettings settings)
    {
        if (outcome.TwoNodes.Count == 0)
        {
            return;
        }

        Heading(text, "Two nodes, mixed 80/20");
        Line(
            text,
            $"| | affinity | req/s | application CPU us | Redis CPU us | p50 / p99 ms at {settings.Rate:N0}/s | commands of a request |"
        );
        Line(text, $"|---|---|---|---|---|---|---|");
        foreach (var row in outcome.TwoNodes)
        {
            Line(
                text,
                $"| {row.Title} | {(row.IsSticky ? "sticky" : "none")} | {Numbers.Text(row.Throughput)} {Numbers.Spread(row.Throughput)} | {Numbers.Text(row.Cpu)} {Numbers.Spread(row.Cpu)} | {Numbers.Text(row.RedisCpu)} | {Numbers.Text(row.P50)} / {Numbers.Text(row.P99)} | {Numbers.Commands(row.Commands)} |"
            );
        }
    }

    private static void AddColdNode(StringBuilder text, Outcome outcome)
    {
        if (outcome.ColdNode.Count == 0)
        {
            return;
        }

        Heading(text, "A node takes over sessions it has never seen");
        Line(
            text,
            $"| | first requests of one session at once | store reads they cause | sessions taken over | seconds | store reads | seconds of these reads alone | of the same requests again |"
        );
        Line(text, $"|---|---|---|---|---|---|---|---|");
        foreach (var row in outcome.ColdNode)
        {
            Line(
                text,
                $"| {row.Title} | {row.Requests} | {Numbers.Text(row.ReadsForOne)} | {row.Sessions:N0} | {Numbers.Text(row.Seconds)} {Numbers.Spread(row.Seconds)} | {Numbers.Text(row.Reads)} | {Numbers.Text(row.StoreSeconds)} | {Numbers.Text(row.WarmSeconds)} |"
            );
        }
    }

    private static void AddScale(StringBuilder text, Outcome outcome)
    {
        if (outcome.Scale.Count == 0)
        {
            return;
        }

        Heading(text, "Sessions of 500 bytes on a node");
        Line(
            text,
            $"| sessions | open and read one at random, ns | bytes each (payload) | all, MiB | application CPU of a read request, us | resident memory of the node, MiB |"
        );
        Line(text, $"|---|---|---|---|---|---|");
        foreach (var row in outcome.Scale)
        {
            Line(
                text,
                $"| {row.Sessions:N0} | {Numbers.Text(row.OpenNanoseconds)} {Numbers.Spread(row.OpenNanoseconds)} | {row.BytesEach:N0} ({row.PayloadBytes:N0}) | {Numbers.Text(row.TotalMiB)} | {(row.RequestCpu is { } cpu ? $"{Numbers.Text(cpu)} {Numbers.Spread(cpu)}" : "-")} | {Numbers.Text(row.ResidentMiB ?? double.NaN)} |"
            );
        }
    }

    private static void AddClient(StringBuilder text, Outcome outcome)
    {
        if (outcome.Client.Count == 0)
        {
            return;
        }

        Heading(text, "Redis client: GET of 2 KB by 64 callers at once");
        Line(text, $"| | op/s | client CPU us | allocated B | Redis CPU us | Redis, share of its core (possible) |");
        Line(text, $"|---|---|---|---|---|---|");
        foreach (var row in outcome.Client)
        {
            Line(
                text,
                $"| {row.Client} | {Numbers.Text(row.OperationsPerSecond)} {Numbers.Spread(row.OperationsPerSecond)} | {Numbers.Text(row.CpuMicroseconds)} | {Numbers.Text(row.AllocatedBytes)} | {Numbers.Text(row.RedisCpuMicroseconds)} | {Numbers.Text(row.RedisCorePercent)} % ({Numbers.Text(row.RedisCorePossible)} %) |"
            );
        }
    }

    private static void Heading(StringBuilder text, string heading)
    {
        Line(text);
        Line(text, $"## {heading}");
        Line(text);
    }

    private static void Line(StringBuilder text, FormattableString? line = null) =>
        text.Append(line?.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
