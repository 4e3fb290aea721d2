namespace ClusterSession.MacroBenchmarks.Comparison;

/// <summary>A measured value: the median of its rounds, and the lowest and highest of them.</summary>
internal readonly record struct Figure(double Median, double Lowest, double Highest)
{
    public static Figure Of(IEnumerable<double> values)
    {
        var sorted = values.Where(value => !double.IsNaN(value)).Order().ToArray();
        if (sorted.Length == 0)
        {
            return new Figure(double.NaN, double.NaN, double.NaN);
        }

        var middle = sorted.Length / 2;
        var median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Figure(median, sorted[0], sorted[^1]);
    }

    /// <summary>Half the range of the rounds as a share of the median.</summary>
    public double Spread => (Highest - Lowest) / 2 / Median;
}
