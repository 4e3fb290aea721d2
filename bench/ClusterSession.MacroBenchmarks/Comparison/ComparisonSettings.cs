using ClusterSession.MacroBenchmarks.Results;

namespace ClusterSession.MacroBenchmarks.Comparison;

/// <summary>How long and how often.</summary>
/// <param name="IsQuick">Fewer sessions in the mixed profile.</param>
/// <param name="Rounds">Rounds over all targets.</param>
/// <param name="Closed">Of each closed run.</param>
/// <param name="Open">Of each open run.</param>
/// <param name="WarmUp">Before the first round of a class on a target, three times as long on its
/// first class; later rounds take a fifth.</param>
/// <param name="Rate">Requests a second of the open loop.</param>
internal sealed record ComparisonSettings(
    bool IsQuick,
    int Rounds,
    TimeSpan Closed,
    TimeSpan Open,
    TimeSpan WarmUp,
    double Rate
)
{
    public static ComparisonSettings Quick { get; } =
        new(true, 3, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(0.3), TimeSpan.FromSeconds(0.5), 2_000);

    /// <summary>
    /// Half an hour with all peers: 11 variants, 5 classes and 9 rounds of 1.2 + 0.7 + 0.4 s are 19
    /// minutes, warm-up and making sessions 4, the other parts 8. More rounds tell more than longer
    /// ones, because the machine's speed changes from one to the next.
    /// </summary>
    public static ComparisonSettings Full { get; } =
        new(false, 9, TimeSpan.FromSeconds(1.2), TimeSpan.FromSeconds(0.7), TimeSpan.FromSeconds(2), 2_000);

    public static ComparisonSettings For(BenchmarkOptions options)
    {
        var settings = options.IsQuick ? Quick : Full;
        return settings with
        {
            Rounds = options.Rounds ?? settings.Rounds,
            Closed = options.Seconds is { } closed ? TimeSpan.FromSeconds(closed) : settings.Closed,
            Open = options.Seconds is { } open ? TimeSpan.FromSeconds(open) : settings.Open,
        };
    }
}
