using ClusterSession.MacroBenchmarks.Comparison;

namespace ClusterSession.MacroBenchmarks.Results;

/// <summary>Something that the project wants to reach, and whether a run has reached it.</summary>
/// <remarks>
/// A noisy round must not decide alone, neither for nor against. The median of the rounds decides,
/// and the rounds must not contradict it:
/// <code>
/// median reaches it, and three quarters of the rounds do     met
/// median reaches it, fewer rounds do                         undecided, with their number
/// median does not                                            not met
/// </code>
/// </remarks>
internal sealed record Aim(string Title, string Limit, string Reached, string Verdict, IReadOnlyList<double> Rounds)
{
    public static Aim Most(string title, Figure reached, double limit, string unit = "") =>
        Judge(title, $"at most {Numbers.Text(limit)}{unit}", reached, value => value <= limit, unit);

    public static Aim Least(string title, Figure reached, double limit, string unit = "") =>
        Judge(title, $"at least {Numbers.Text(limit)}{unit}", reached, value => value >= limit, unit);

    private static Aim Judge(string title, string limit, Figure reached, Func<double, bool> isEnough, string unit)
    {
        var rounds = reached.Rounds.Where(value => !double.IsNaN(value)).ToList();
        if (rounds.Count == 0)
        {
            return new Aim(title, limit, "-", "not measured", rounds);
        }

        var enough = rounds.Count(isEnough);
        var range = rounds.Count == 1 ? "" : $" ({Numbers.Text(reached.Lowest)} to {Numbers.Text(reached.Highest)})";
        var verdict = (isEnough(reached.Median), enough * 4 >= rounds.Count * 3) switch
        {
            (true, true) => "met",
            (true, false) => $"undecided: {enough} of {rounds.Count} rounds",
            _ => "**not met**",
        };
        return new Aim(title, limit, Numbers.Text(reached) + unit + range, verdict, rounds);
    }
}
