using ClusterSession.Histories;

namespace ClusterSession.Histories.Checking;

/// <summary>
/// Collects what one check finds. Keeps few witnesses per rule and class: a broken build breaks a
/// rule a million times.
/// </summary>
public sealed class CheckReport(string check)
{
    private const int KeptPerRule = 5;

    private readonly List<Violation> _kept = [];
    private readonly Dictionary<(string Rule, OutcomeClass Class), int> _perRule = [];
    private readonly Dictionary<OutcomeClass, long> _counts = [];
    private readonly Dictionary<string, Measurement> _measurements = [];
    private readonly List<string> _invalid = [];
    private long _opportunities;

    public void Opportunity(long count = 1) => _opportunities += count;

    public void Violation(string rule, OutcomeClass outcome, string description, params HistoryEvent[] witness)
    {
        _counts[outcome] = _counts.GetValueOrDefault(outcome) + 1;
        if (outcome == OutcomeClass.Measured)
        {
            Add(rule, 1);
        }
        var seen = _perRule.GetValueOrDefault((rule, outcome));
        _perRule[(rule, outcome)] = seen + 1;
        if (seen < KeptPerRule)
        {
            _kept.Add(new Violation(rule, outcome, description, [.. witness.Distinct().OrderBy(e => e.InvokeNs)]));
        }
    }

    public void Add(string name, double value, string unit = "") =>
        _measurements[name] = new Measurement(name, (_measurements.GetValueOrDefault(name)?.Value ?? 0) + value, unit);

    public void Max(string name, double value, string unit = "") =>
        _measurements[name] = new Measurement(
            name,
            Math.Max(_measurements.GetValueOrDefault(name)?.Value ?? double.MinValue, value),
            unit
        );

    public void Set(string name, double value, string unit = "") =>
        _measurements[name] = new Measurement(name, value, unit);

    public void Invalid(string reason) => _invalid.Add(reason);

    public CheckResult ToResult() =>
        new()
        {
            Check = check,
            Opportunities = _opportunities,
            Violations = _kept,
            Counts = _counts,
            Measurements = [.. _measurements.Values],
            InvalidReasons = _invalid,
        };
}
