using System.Globalization;
using System.Text;

namespace ClusterSession.MacroBenchmarks.Results;

/// <summary>Every round as a line of CSV, for readers who want more than medians.</summary>
internal static class Rounds
{
    public static string Write(Outcome outcome)
    {
        var text = new StringBuilder(
            "class,target,round,req_s,cpu_us,allocated_b,collections_per_million,full_collections_per_million,pause_us,store_cpu_us,store_calls,store_bytes_in,store_bytes_out,closed_p50_ms,closed_p99_ms,open_p50_ms,open_p99_ms,open_p999_ms\n"
        );
        foreach (var series in outcome.Series)
        {
            for (var round = 0; round < series.Samples.Count; round++)
            {
                var sample = series.Samples[round];
                var used = sample.PerRequest;
                double[] values =
                [
                    sample.Throughput,
                    used.CpuMicroseconds,
                    used.Heap.AllocatedBytes,
                    used.Heap.Gen0 * 1e6,
                    used.Heap.Gen2 * 1e6,
                    used.Heap.PauseMicroseconds,
                    used.StoreCpuMicroseconds,
                    used.StoreCalls,
                    used.StoreBytesIn,
                    used.StoreBytesOut,
                    sample.Closed.Percentile(0.5),
                    sample.Closed.Percentile(0.99),
                    sample.Open?.Latency.Percentile(0.5) ?? double.NaN,
                    sample.Open?.Latency.Percentile(0.99) ?? double.NaN,
                    sample.Open?.Latency.Percentile(0.999) ?? double.NaN,
                ];
                text.Append(CultureInfo.InvariantCulture, $"{series.Class},{series.Target},{round + 1}");
                foreach (var value in values)
                {
                    text.Append(',')
                        .Append(double.IsNaN(value) ? "" : value.ToString("0.####", CultureInfo.InvariantCulture));
                }

                text.Append('\n');
            }
        }

        return text.ToString();
    }

    /// <summary>What each aim was judged by.</summary>
    public static string WriteAims(Outcome outcome)
    {
        var text = new StringBuilder("aim,limit,rounds\n");
        foreach (var aim in Aims.Judge(outcome))
        {
            var rounds = string.Join(
                ' ',
                aim.Rounds.Select(value => value.ToString("0.####", CultureInfo.InvariantCulture))
            );
            text.Append(CultureInfo.InvariantCulture, $"\"{aim.Title}\",\"{aim.Limit}\",{rounds}\n");
        }

        return text.ToString();
    }
}
