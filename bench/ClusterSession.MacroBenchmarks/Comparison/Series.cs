namespace ClusterSession.MacroBenchmarks.Comparison;

/// <summary>All rounds of one class on one target.</summary>
internal sealed class Series(string className, string target, string title)
{
    public string Class { get; } = className;

    public string Target { get; } = target;

    public string Title { get; } = title;

    public List<Sample> Samples { get; } = [];

    /// <summary>
    /// Commands that clients sent to Redis per request, counted one by one; null where there is no
    /// Redis.
    /// </summary>
    public IReadOnlyDictionary<string, double>? Commands { get; set; }

    /// <summary>Why there are no rounds, if there are none.</summary>
    public string? Failure { get; set; }

    public Figure Of(Func<Sample, double> value) => Figure.Of(Samples.Select(value));
}
