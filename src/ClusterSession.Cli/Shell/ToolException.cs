namespace ClusterSession.Cli.Shell;

/// <summary>Ends the tool with a reason and a remedy.</summary>
/// <param name="exitCode">One of <see cref="ExitCode"/>.</param>
/// <param name="reason">A sentence.</param>
/// <param name="remedy">What to do about it.</param>
internal sealed class ToolException(int exitCode, string reason, string remedy) : Exception(reason)
{
    public int ExitCode => exitCode;

    public string Reason => Message;

    public string Remedy => remedy;
}
