using System.CommandLine;
using ClusterSession.Cli.Output;
using ClusterSession.Cli.Running;
using ClusterSession.Cli.Shell;
using ClusterSession.Cli.Watching;

namespace ClusterSession.Cli.Sentinels;

/// <summary>Runs the watcher of a Sentinel site.</summary>
internal static class SentinelWatchCommand
{
    public static Command Create(FormatOption format)
    {
        var config = new Option<string>("--config")
        {
            Description =
                $"Settings as JSON, with the section {SentinelSection.Name} and Urls. Environment variables "
                + "such as ClusterSession__Sentinel__Interval override it.",
            HelpName = "file",
            Required = true,
        };
        var command = new Command(
            "watch",
            "Watches the Sentinels and Redis until it is stopped, decides nothing, and answers balancers and monitors "
                + "as an agent does."
        )
        {
            config,
        };
        command.SetAction(
            async (parsed, cancellation) =>
            {
                await RunCommands
                    .RunAsync(
                        () =>
                            RunHost.Watcher(
                                RunSettings.Read(parsed.GetValue(config), [], SentinelSection.Name),
                                format.Of(parsed)
                            ),
                        cancellation
                    )
                    .ConfigureAwait(false);
                return ExitCode.Done;
            }
        );
        return command;
    }
}
