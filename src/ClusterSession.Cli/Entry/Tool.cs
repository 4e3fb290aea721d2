using System.CommandLine;
using System.CommandLine.Invocation;
using ClusterSession.Cli.Commands;
using ClusterSession.Cli.Merging;
using ClusterSession.Cli.Output;
using ClusterSession.Cli.Running;
using ClusterSession.Cli.Sentinels;
using ClusterSession.Cli.Shell;

namespace ClusterSession.Cli.Entry;

/// <summary>The commands, and what is common to them: usage, failures, exit codes.</summary>
internal static class Tool
{
    public static async Task<int> RunAsync(
        string[] args,
        Terminal terminal,
        CancellationToken cancellationToken = default
    )
    {
        var common = new CommonOptions();
        var parsed = Root(common, terminal).Parse(Spelled(args));
        if (parsed.Action is ParseErrorAction errors)
        {
            errors.ShowHelp = false;
            await parsed
                .InvokeAsync(Streams(terminal with { Output = terminal.Error }), cancellationToken)
                .ConfigureAwait(false);
            await terminal.Error.WriteLineAsync($"See: {Path(parsed.CommandResult)} --help").ConfigureAwait(false);
            return ExitCode.Usage;
        }

        try
        {
            return await parsed.InvokeAsync(Streams(terminal), cancellationToken).ConfigureAwait(false);
        }
        catch (ToolException exception)
        {
            return await ReportAsync(exception, common.Format(parsed), terminal).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
    }

    /// <summary>
    /// The library admits no command of its parent's name, so that "failover failover" is another
    /// spelling of "failover now".
    /// </summary>
    private static string[] Spelled(string[] args) =>
        args is ["failover", "failover", .. var rest] ? ["failover", ChangeCommand.Now, .. rest] : args;

    private static RootCommand Root(CommonOptions common, Terminal terminal)
    {
        var failover = new Command(
            "failover",
            "One master and no other: the agent beside each Redis, and the commands of its operators."
        )
        {
            StatusCommand.Create(common, terminal),
            HistoryCommand.Create(common, terminal),
        };
        foreach (var command in ChangeCommand.CreateAll(common, terminal))
        {
            failover.Add(command);
        }

        var start = new ClosedStartCommands(terminal);
        failover.Add(RunCommands.Agent());
        failover.Add(RunCommands.Voter());
        failover.Add(RunCommands.Follower());
        failover.Add(NotifyCommand.Create(terminal));
        failover.Add(start.Lines());
        failover.Add(start.CommandLine());
        return new RootCommand("The command line of ClusterSession.")
        {
            failover,
            MergeCommand.Create(common, terminal),
            new Command("sentinel", "Where Sentinel decides who is the master.")
            {
                SentinelStatusCommand.Create(common, terminal),
                SentinelWatchCommand.Create(),
                SentinelMergeCommand.Create(terminal),
            },
            ConfigCommand.Create(terminal),
            CompletionCommand.Create(terminal),
        };
    }

    private static InvocationConfiguration Streams(Terminal terminal) =>
        new()
        {
            Output = terminal.Output,
            Error = terminal.Error,
            EnableDefaultExceptionHandler = false,
        };

    private static async Task<int> ReportAsync(ToolException exception, OutputFormat format, Terminal terminal)
    {
        if (format == OutputFormat.Json)
        {
            await terminal
                .Output.WriteLineAsync(
                    CommandJson.Text(
                        new CommandReport
                        {
                            Outcome =
                                exception.ExitCode == ExitCode.Refused ? CommandOutcome.Refused : CommandOutcome.Failed,
                            ExitCode = exception.ExitCode,
                            Reason = exception.Reason,
                            Remedy = exception.Remedy,
                        }
                    )
                )
                .ConfigureAwait(false);
            return exception.ExitCode;
        }

        var page = new Page(terminal with { HasColour = false });
        page.Text(exception.Reason);
        page.Pairs([("To do", exception.Remedy)]);
        await page.WriteAsync(terminal.Error).ConfigureAwait(false);
        return exception.ExitCode;
    }

    private static string Path(System.CommandLine.Parsing.SymbolResult? result)
    {
        var names = new List<string>();
        for (; result is not null; result = result.Parent)
        {
            if (result is System.CommandLine.Parsing.CommandResult command)
            {
                names.Insert(0, command.Command is RootCommand ? "cluster-session" : command.Command.Name);
            }
        }

        return string.Join(' ', names);
    }
}
