namespace ClusterSession.Cli.Generating;

/// <summary>A file to be installed on a host.</summary>
/// <param name="Path">Relative to the directory of output, with slashes.</param>
/// <param name="Text">What is in it.</param>
/// <param name="IsSecret">Whether only its owner may read it.</param>
internal sealed record GeneratedFile(string Path, string Text, bool IsSecret = false);
