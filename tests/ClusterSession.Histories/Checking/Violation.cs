using ClusterSession.Histories;

namespace ClusterSession.Histories.Checking;

/// <summary>One thing that went wrong, with the two to four requests that show it.</summary>
public sealed record Violation(string Rule, OutcomeClass Class, string Description, IReadOnlyList<HistoryEvent> Witness)
{
    public override string ToString() =>
        $"{Rule}: {Description}" + string.Concat(Witness.Select(e => Environment.NewLine + "        " + e));
}
