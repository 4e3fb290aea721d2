using ClusterSession.MacroBenchmarks.Load;
using ClusterSession.MacroBenchmarks.Servers;

namespace ClusterSession.MacroBenchmarks.Comparison;

/// <summary>One round of one class on one target.</summary>
/// <param name="PerRequest">What a request cost, closed loop.</param>
/// <param name="Throughput">Requests a second, closed loop.</param>
/// <param name="Closed">Latency in the closed loop.</param>
/// <param name="Open">The run at a fixed rate.</param>
internal sealed record Sample(Usage PerRequest, double Throughput, LatencyHistogram Closed, LoadResult? Open);
