using ClusterSession.MacroBenchmarks.Results;

namespace ClusterSession.MacroBenchmarks.Comparison;

/// <summary>
/// A measured value: the median of its rounds, the lowest and highest of them, and all of them in
/// their order.
/// </summary>
internal readonly record struct Figure(double Median, double Lowest, double Highest, IReadOnlyList<double> Rounds)
{
    public static Figure Of(IEnumerable<double> values)
    {
        double[] rounds = [.. values];
        var sorted = rounds.Where(value => !double.IsNaN(value)).Order().ToArray();
        if (sorted.Length == 0)
        {
            return new Figure(double.NaN, double.NaN, double.NaN, rounds);
        }

        var middle = sorted.Length / 2;
        var median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Figure(median, sorted[0], sorted[^1], rounds);
    }

    /// <summary>Half the range of the rounds as a share of the median.</summary>
    public double Spread => (Highest - Lowest) / 2 / Median;

    /// <summary>
    /// The ratio to another value, round by round: the runs of one round are neighbours in time,
    /// medians of all rounds are not.
    /// </summary>
    public static Figure operator /(Figure one, Figure other) =>
        Of(one.Rounds.Zip(other.Rounds, (first, second) => first / second));

    /// <summary>The difference to another value, round by round.</summary>
    public static Figure operator -(Figure one, Figure other) =>
        Of(one.Rounds.Zip(other.Rounds, (first, second) => first - second));

    /// <summary>The sum with another value, round by round.</summary>
    public static Figure operator +(Figure one, Figure other) =>
        Of(one.Rounds.Zip(other.Rounds, (first, second) => first + second));
}
