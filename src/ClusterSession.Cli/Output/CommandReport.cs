using System.Text.Json.Serialization;

namespace ClusterSession.Cli.Output;

/// <summary>JSON of what an agent was asked to change, of a merge before a start, and of a
/// failure.</summary>
internal sealed record CommandReport
{
    /// <summary>As the agent was asked; null: it was not.</summary>
    public string? Command { get; init; }

    public string? Member { get; init; }

    public required CommandOutcome Outcome { get; init; }

    public required int ExitCode { get; init; }

    public IReadOnlyList<string> Steps { get; init; } = [];

    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>How long it takes, what happens if a step fails, whether data is wiped.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>
    /// Why it was refused, failed or is not done; null: there is nothing to explain.
    /// </summary>
    public string? Reason { get; init; }

    public string? Remedy { get; init; }

    /// <summary>How long a command took that was waited for, from when it was sent.</summary>
    public long? ElapsedMilliseconds { get; init; }
}

/// <summary>What became of a command.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CommandOutcome>))]
internal enum CommandOutcome
{
    /// <summary>Nothing was done: the steps are what would be.</summary>
    Planned,

    /// <summary>It is written; the agents do it.</summary>
    Accepted,

    /// <summary>
    /// It is done. The cluster says so where a command was waited for; a merge and the writing of
    /// configurations are done by the tool itself.
    /// </summary>
    Done,

    /// <summary>It was accepted, and was not done in time.</summary>
    NotYet,

    /// <summary>The cluster refused it.</summary>
    Refused,

    /// <summary>It was not confirmed.</summary>
    NotConfirmed,

    /// <summary>It failed, or what became of it is unknown.</summary>
    Failed,
}
