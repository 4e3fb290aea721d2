using System.Globalization;
using System.Text;
using ClusterSession.Histories;

namespace ClusterSession.Histories.Checking;

/// <summary>What a run has proved.</summary>
public sealed class Verdict
{
    private readonly History _history;

    internal Verdict(History history, CheckOptions options, IReadOnlyList<CheckResult> results)
    {
        _history = history;
        Results = results;
        InvalidReasons =
        [
            .. results.SelectMany(r => r.InvalidReasons),
            .. from result in results
            let needed = options.MinimumOpportunities.GetValueOrDefault(result.Check)
            where result.Opportunities < needed
            select $"The check '{result.Check}' had {result.Opportunities} opportunities; {needed} are needed.",
            .. options
                .MinimumOpportunities.Keys.Except(results.Select(r => r.Check))
                .Select(name => $"There is no check called '{name}'."),
        ];
        Outcome =
            results.Any(r => r.Never > 0) ? VerdictOutcome.Failed
            : InvalidReasons.Count > 0 ? VerdictOutcome.Invalid
            : VerdictOutcome.Passed;
    }

    public VerdictOutcome Outcome { get; }

    public IReadOnlyList<CheckResult> Results { get; }

    public IReadOnlyList<string> InvalidReasons { get; }

    /// <summary>Witnesses of violations that may never happen.</summary>
    public IEnumerable<Violation> Violations =>
        Results.SelectMany(r => r.Violations).Where(v => v.Class == OutcomeClass.Never);

    public CheckResult this[string check] => Results.First(r => r.Check == check);

    public bool Found(string rule) =>
        Results.Any(r => r.Violations.Any(v => v.Rule == rule && v.Class == OutcomeClass.Never));

    public override string ToString()
    {
        var text = new StringBuilder();
        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"{_history.Run.Name}: {Outcome} (seed {_history.Run.Seed}, {_history.Events.Count} requests, nodes {string.Join(", ", _history.Run.Nodes)})"
        );
        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"  {"check", -18} {"opportunities", 13} {"never", 7} {"budget", 7} {"forgotten", 10} {"measured", 9}"
        );
        foreach (var result in Results)
        {
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"  {result.Check, -18} {result.Opportunities, 13} {result.Never, 7} {result.Budget, 7} {result.Forgotten, 10} {result.Counts.GetValueOrDefault(OutcomeClass.Measured), 9}"
            );
        }
        Section(text, "invalid because", InvalidReasons);
        Section(
            text,
            "violations",
            Results.SelectMany(r =>
                r.Violations.Where(v => v.Class == OutcomeClass.Never).Select(v => $"[{r.Check}] {v}")
            )
        );
        Section(
            text,
            "allowed by a double fault",
            Results.SelectMany(r =>
                r.Violations.Where(v => v.Class == OutcomeClass.Budget).Select(v => $"[{r.Check}] {v}")
            )
        );
        Section(
            text,
            "lost by the store while no node held it",
            Results.SelectMany(r =>
                r.Violations.Where(v => v.Class == OutcomeClass.Forgotten).Select(v => $"[{r.Check}] {v}")
            )
        );
        Section(text, "measured", Results.SelectMany(r => r.Measurements.Select(m => $"[{r.Check}] {m}")));
        Section(text, "faults", _history.Faults.Select(f => f.ToString()));
        return text.ToString();
    }

    private static void Section(StringBuilder text, string title, IEnumerable<string> lines)
    {
        var all = lines.ToList();
        if (all.Count == 0)
        {
            return;
        }
        text.Append("  ").Append(title).AppendLine(":");
        foreach (var line in all)
        {
            text.Append("    ").AppendLine(line);
        }
    }
}
