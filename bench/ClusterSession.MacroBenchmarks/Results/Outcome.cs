using ClusterSession.MacroBenchmarks.Comparison;
using ClusterSession.MacroBenchmarks.Measures;

namespace ClusterSession.MacroBenchmarks.Results;

/// <summary>Everything a run has measured; what was not asked for is empty.</summary>
internal sealed class Outcome
{
    public List<Series> Series { get; set; } = [];

    /// <summary>Peers that could not be started, with the reason.</summary>
    public List<(string Title, string Reason)> Absent { get; } = [];

    public List<TwoNodesFigures> TwoNodes { get; set; } = [];

    public List<ColdNodeFigures> ColdNode { get; set; } = [];

    public List<ScaleFigures> Scale { get; set; } = [];

    public List<ClientFigures> Client { get; set; } = [];

    public Series? Find(string requests, string target) =>
        Series.FirstOrDefault(series =>
            series.Class == requests && series.Target == target && series.Samples.Count > 0
        );
}
