namespace ClusterSession.Cli.Output;

/// <summary>JSON of <c>completion</c>.</summary>
/// <param name="Shell">Whose script it is.</param>
/// <param name="Script">The script.</param>
internal sealed record CompletionReport(string Shell, string Script);
