using System.CommandLine;
using ClusterSession.Cli.Output;
using ClusterSession.Cli.Running;
using ClusterSession.Cli.Shell;
using ClusterSession.Cli.Watching;

namespace ClusterSession.Cli.Sentinels;

/// <summary>What the unit of a Redis runs on a Sentinel site before it starts that Redis.</summary>
internal static class SentinelMergeCommand
{
    public static Command Create(FormatOption format, Terminal terminal)
    {
        var config = new Option<string>("--config")
        {
            Description = $"Settings as JSON, with the section {SentinelSection.Name}.",
            HelpName = "file",
            Required = true,
        };
        var command = new Command(
            "merge",
            "Merges what only the Redis of this host has into the present master, before its unit starts it and "
                + "Sentinel makes it a replica."
        )
        {
            config,
        };
        command.SetAction(
            (parsed, cancellation) => RunAsync(parsed.GetValue(config)!, format.Of(parsed), terminal, cancellation)
        );
        return command;
    }

    private static async Task<int> RunAsync(
        string config,
        OutputFormat format,
        Terminal terminal,
        CancellationToken cancellation
    )
    {
        var settings = SentinelMergeSettings.Read(RunSettings.Read(config, [], SentinelSection.Name).Configuration);
        var told = format == OutputFormat.Json ? terminal.Error : terminal.Output; // JSON is alone in its output.
        var merge = new SentinelMerge(settings, terminal, told.WriteLine);
        var result = await merge.RunAsync(cancellation).ConfigureAwait(false);
        if (!result.MayStart)
        {
            throw new ToolException(
                ExitCode.Failed,
                $"{settings.Own} must not start: it was not merged, and Sentinel would wipe what only it has. "
                    + result.Sentence,
                "Remove the cause: systemd gives this command again, which does what is left. To discard what only "
                    + $"this Redis has, set {SentinelSection.Name}:StartUnmerged to true for one start."
            );
        }

        var report = new CommandReport
        {
            Outcome = CommandOutcome.Done,
            ExitCode = ExitCode.Done,
            Notes = [result.Sentence],
        };
        await terminal
            .Output.WriteLineAsync(format == OutputFormat.Json ? CommandJson.Text(report) : result.Sentence)
            .ConfigureAwait(false);
        return ExitCode.Done;
    }
}
