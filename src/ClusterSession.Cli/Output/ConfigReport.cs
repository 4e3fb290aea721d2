namespace ClusterSession.Cli.Output;

/// <summary>JSON of <c>config generate</c>.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="ExitCode">What the command ends with.</param>
/// <param name="Cluster">Name of the site.</param>
/// <param name="Directory">Where the files are.</param>
/// <param name="Files">All that was written.</param>
internal sealed record ConfigReport(
    CommandOutcome Outcome,
    int ExitCode,
    string Cluster,
    string Directory,
    IReadOnlyList<FileReport> Files
);

/// <summary>A file that was written.</summary>
/// <param name="Path">Below the directory.</param>
/// <param name="IsSecret">Whether its owner alone may read it.</param>
internal sealed record FileReport(string Path, bool IsSecret);
