namespace ClusterSession.Histories.Checking;

/// <summary>What one check found.</summary>
public sealed record CheckResult
{
    public required string Check { get; init; }

    /// <summary>
    /// How often the check had something to judge. A check without opportunities has proved
    /// nothing.
    /// </summary>
    public required long Opportunities { get; init; }

    /// <summary>The first ones of each rule, kept with their witnesses.</summary>
    public required IReadOnlyList<Violation> Violations { get; init; }

    /// <summary>All of them, by class.</summary>
    public required IReadOnlyDictionary<OutcomeClass, long> Counts { get; init; }

    public required IReadOnlyList<Measurement> Measurements { get; init; }

    /// <summary>Why the run can prove nothing here, whatever else was found.</summary>
    public required IReadOnlyList<string> InvalidReasons { get; init; }

    public long Never => Counts.GetValueOrDefault(OutcomeClass.Never);

    public long Budget => Counts.GetValueOrDefault(OutcomeClass.Budget);

    public long Forgotten => Counts.GetValueOrDefault(OutcomeClass.Forgotten);
}
