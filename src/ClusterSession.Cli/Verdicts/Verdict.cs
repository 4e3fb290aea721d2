using ClusterSession.Cli.Shell;

namespace ClusterSession.Cli.Verdicts;

/// <summary>What a person needs to know of a cluster.</summary>
/// <param name="Health">How it is.</param>
/// <param name="Headline">The state in a sentence.</param>
/// <param name="Why">Why; null: the headline says it.</param>
/// <param name="Since">Since when it is known to be so, by the agent's time of day; null:
/// unknown.</param>
/// <param name="Next">What happens by itself; null: nothing.</param>
/// <param name="ToDo">What a person should do.</param>
/// <param name="Alarms">What needs attention, the most urgent first.</param>
internal sealed record Verdict(
    Health Health,
    string Headline,
    string? Why,
    DateTimeOffset? Since,
    string? Next,
    string ToDo,
    IReadOnlyList<Alarm> Alarms
)
{
    /// <summary>
    /// How much of what was written users may miss until a member is back; null: nothing is known
    /// to be missing.
    /// </summary>
    public string? Missing { get; init; }

    /// <summary>What status ends with.</summary>
    public int ExitCode =>
        Health switch
        {
            Health.Healthy => Shell.ExitCode.Done,
            Health.Degraded => Shell.ExitCode.Degraded,
            Health.Down => Shell.ExitCode.Down,
            _ => Shell.ExitCode.NoAgent,
        };
}
