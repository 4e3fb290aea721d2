namespace ClusterSession.Cli.Verdicts;

/// <summary>Something that needs attention.</summary>
/// <param name="Name">Its name, which is also its heading in the page.</param>
/// <param name="Sentence">What is the case.</param>
/// <param name="Remedy">What to do.</param>
internal sealed record Alarm(string Name, string Sentence, string Remedy)
{
    /// <summary>
    /// Names of the alarms from which it follows: what is done about them ends it. Null: none.
    /// </summary>
    public IReadOnlyList<string>? Causes { get; init; }

    /// <summary>Where the repository explains it.</summary>
    public string Page { get; init; } = $"docs/operations/failover-alarms.md#{Name}";
}
