namespace ClusterSession.Cli.Output;

/// <summary>JSON of <c>redis-config</c> and <c>start-redis</c>.</summary>
internal sealed record StartReport
{
    /// <summary>
    /// Lines of redis.conf; null: they were written to a file, or it is a command.
    /// </summary>
    public IReadOnlyList<string>? Lines { get; init; }

    /// <summary>The file that they were written to.</summary>
    public string? File { get; init; }

    /// <summary>The words of the command, unquoted.</summary>
    public IReadOnlyList<string>? Command { get; init; }
}
